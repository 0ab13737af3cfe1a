"""Sealed texts open with the same key, in the same place, unchanged; else a sentence says what is wrong."""

import os

import pytest

from dbmedic.assistant.secrets import Secrets
from dbmedic.core.errors import StoreFailed, WrongKey

ONE = Secrets(bytes(range(32)), os.urandom)
OTHER = Secrets(bytes(32), os.urandom)
URL = "postgresql://u:pässword@h/db"


def test_a_sealed_text_opens_and_tells_nothing():
    sealed = ONE.seal(URL, "instances.url:a/rm-1")
    assert ONE.open(sealed, "instances.url:a/rm-1") == URL
    assert sealed.isascii()
    assert "ssword" not in sealed
    assert ONE.seal(URL, "x") != ONE.seal(URL, "x")


def test_another_key_is_named_and_not_guessed_at():
    with pytest.raises(
        WrongKey, match=f"made with another key .id {ONE.key_id}, not {OTHER.key_id}.; put that one back"
    ):
        OTHER.open(ONE.seal(URL, "x"), "x")
    assert len({ONE.key_id, OTHER.key_id, bytes(range(32)).hex()[:16]}) == 3


def test_a_text_moved_to_another_place_does_not_open():
    with pytest.raises(StoreFailed, match=r"instances\.url:a/rm-2: the encrypted text was changed"):
        ONE.open(ONE.seal(URL, "instances.url:a/rm-1"), "instances.url:a/rm-2")


@pytest.mark.parametrize("body", ["", "AAAA", "!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
def test_a_changed_text_does_not_open(body):
    with pytest.raises(StoreFailed, match="was changed"):
        ONE.open(f"v1.{ONE.key_id}.{body}", "x")


@pytest.mark.parametrize("text", ["", "plain", "v2.0123.AAAA"])
def test_another_form_is_refused(text):
    with pytest.raises(StoreFailed, match="does not know"):
        ONE.open(text, "x")


def test_bytes_are_sealed_for_their_place_and_key() -> None:
    secrets = Secrets(bytes(range(32)), os.urandom)
    sealed = secrets.seal_bytes(b"{secret}", "t:1")
    assert b"secret" not in sealed
    assert sealed != secrets.seal_bytes(b"{secret}", "t:1")
    assert secrets.open_bytes(sealed, "t:1") == b"{secret}"
    for spoilt, place in ((sealed, "t:2"), (sealed[:-1], "t:1"), (sealed[:12], "t:1"), (b"\x02" + sealed[1:], "t:1")):
        with pytest.raises(StoreFailed):
            secrets.open_bytes(spoilt, place)
    with pytest.raises(WrongKey, match=secrets.key_id):
        Secrets(bytes(32), os.urandom).open_bytes(sealed, "t:1")
