"""Keys: shown once, kept as a hash, seen by a running server as soon as anyone makes or revokes one."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from dbmedic.assistant.accounts import first_start
from dbmedic.assistant.keys import Keys, secret_text
from dbmedic.assistant.secrets import Secrets
from dbmedic.core.errors import BadField, NotFound, NotSignedIn, WrongKey
from dbmedic.store.sqlite import open_store

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
SECRETS = Secrets(bytes(32), os.urandom)

OTHER_PROCESS = """
import asyncio, os, sys, uuid
from datetime import UTC, datetime
from pathlib import Path
from dbmedic.assistant.keys import Keys
from dbmedic.store.sqlite import open_store

async def main():
    store = await open_store(Path(sys.argv[1]))
    keys = Keys(store, now=lambda: datetime.now(UTC), new_id=lambda: str(uuid.uuid4()), random=os.urandom)
    if sys.argv[2] == "create":
        print((await keys.create(app="shop")).secret, end="")
    else:
        await keys.revoke(sys.argv[3])
    await store.close()

asyncio.run(main())
"""

START = """
import asyncio, os, sys, uuid
from datetime import UTC, datetime
from pathlib import Path
from dbmedic.assistant.accounts import first_start
from dbmedic.assistant.folder import open_folder
from dbmedic.assistant.secrets import Secrets
from dbmedic.store.sqlite import open_store

async def main():
    folder = await open_folder(Path(sys.argv[1]))
    secrets = Secrets(await folder.key(os.urandom), os.urandom)
    store = await open_store(folder.store)
    now, new_id = lambda: datetime.now(UTC), lambda: str(uuid.uuid4())
    await first_start(store, secrets, max_turns=8, now=now, new_id=new_id)
    await store.close()

asyncio.run(main())
"""


def new_id():
    return str(uuid4())


async def begin(store, secrets=SECRETS):
    await first_start(store, secrets, max_turns=8, now=lambda: NOW, new_id=new_id)


def keys_of(store):
    return Keys(store, now=lambda: NOW, new_id=new_id, random=os.urandom)


@pytest.fixture(params=["file", "memory"])
async def store(request, tmp_path):
    opened = await open_store(tmp_path / "store.db" if request.param == "file" else None)
    await begin(opened)
    yield opened
    await opened.close()


@pytest.fixture
def keys(store):
    return keys_of(store)


# -- the first start --------------------------------------------------------------------------------------------


async def test_starting_again_makes_nothing_new(store):
    before = await store.version(), await store.read("app_by_name", account="default", name="default")
    await begin(store)
    assert (await store.version(), await store.read("app_by_name", account="default", name="default")) == before
    (account,) = await store.read("account_get", id="default")
    assert (account["name"], account["max_turns"]) == ("default", 8)


async def test_a_store_made_with_another_key_is_refused(store):
    with pytest.raises(WrongKey, match="made with another key"):
        await begin(store, Secrets(b"x" * 32, os.urandom))


async def test_processes_that_start_first_at_once_agree(tmp_path):
    racers = [subprocess.Popen([sys.executable, "-c", START, tmp_path], stderr=-1, text=True) for _ in range(3)]
    assert [racer.communicate(timeout=60)[1] for racer in racers] == [""] * 3
    store = await open_store(tmp_path / "store.db")
    assert len(await store.read("apps_of_account", account="default")) == 1
    await store.close()


# -- keys -------------------------------------------------------------------------------------------------------


async def test_an_app_key_signs_in_as_its_app(store, keys):
    made = await keys.create(app="ops")
    assert re.fullmatch(r"app-[A-Za-z0-9]{24}", made.secret)
    caller = await keys.sign_in(made.secret)
    (app,) = await store.read("app_by_name", account="default", name="ops")
    (user,) = await store.read("user_by_name", account="default", name="default")
    assert (caller.account, caller.app, caller.user, caller.key) == ("default", app["id"], user["id"], made.id)
    assert (caller.rights, caller.instances, caller.end_user) == (("ask",), None, None)


async def test_an_app_key_without_a_name_is_the_default_apps(store, keys):
    caller = await keys.sign_in((await keys.create()).secret)
    (app,) = await store.read("app_by_name", account="default", name="default")
    assert caller.app == app["id"]


async def test_two_keys_of_one_app_share_it(keys):
    one, two = (await keys.create(app="ops", user="eva")).secret, (await keys.create(app="ops", user="jan")).secret
    first, second = await keys.sign_in(one), await keys.sign_in(two)
    assert first.app == second.app
    assert first.user != second.user
    assert first.owner == second.owner


@pytest.mark.parametrize(("kind", "prefix"), [("dataset", "dataset-"), ("admin", "admin-")])
async def test_keys_of_other_kinds_belong_to_no_app(keys, kind, prefix):
    made = await keys.create(kind=kind, rights=("administer", "ask"))
    assert re.fullmatch(prefix + "[A-Za-z0-9]{24}", made.secret)
    caller = await keys.sign_in(made.secret)
    assert (caller.app, caller.rights) == (None, ("ask", "administer"))


async def test_the_secret_is_nowhere_in_the_file(tmp_path):
    store = await open_store(tmp_path / "store.db")
    await begin(store)
    secret = (await keys_of(store).create()).secret
    await store.close()
    assert secret.encode() not in (tmp_path / "store.db").read_bytes()


@pytest.mark.parametrize("secret", ["", "app-", "app-" + "x" * 24, "x" * 1_000_000, "é\udc80", "app-\u0000"])
async def test_any_other_secret_is_refused_with_one_sentence(keys, secret):
    await keys.create()
    with pytest.raises(NotSignedIn, match=r"^the key is not known$"):
        await keys.sign_in(secret)


async def test_a_revoked_key_is_refused_at_once_and_revoking_twice_is_no_error(keys):
    made, kept = await keys.create(), await keys.create()
    await keys.sign_in(made.secret)
    await keys.revoke(made.id)
    await keys.revoke(made.id)
    with pytest.raises(NotSignedIn, match=r"^the key is not known$"):
        await keys.sign_in(made.secret)
    assert (await keys.sign_in(kept.secret)).key == kept.id
    assert {key.id: key.revoked_at for key in await keys.list()} == {made.id: NOW, kept.id: None}


async def test_an_unknown_key_cannot_be_revoked(keys):
    with pytest.raises(NotFound, match="key 'k9' does not exist"):
        await keys.revoke("k9")


async def test_a_list_says_all_but_the_secret(keys):
    made = await keys.create(kind="app", app="ops", user="eva", name="laptop", rights=("approve", "ask"))
    (key,) = await keys.list()
    assert (key.id, key.kind, key.app, key.user, key.name) == (made.id, "app", "ops", "eva", "laptop")
    assert (key.rights, key.instances, key.created_at) == (("ask", "approve"), None, NOW)
    assert made.secret not in repr(key)


async def test_what_another_process_does_counts_at_the_next_sign_in(tmp_path):
    store = await open_store(tmp_path / "store.db")
    await begin(store)
    keys = keys_of(store)
    own = await keys.create()
    assert (await keys.sign_in(own.secret)).key == own.id

    def elsewhere(*words):
        command = [sys.executable, "-c", OTHER_PROCESS, tmp_path / "store.db", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    secret = elsewhere("create")
    assert (await keys.sign_in(secret)).app is not None
    elsewhere("revoke", own.id)
    with pytest.raises(NotSignedIn):
        await keys.sign_in(own.secret)
    await store.close()


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"kind": "root"}, "kind", "kind 'root' is not one of app, dataset, admin"),
        ({"kind": "dataset", "app": "ops"}, "app", "only a key of kind app belongs to an app"),
        ({"app": " "}, "app", "1 to 100 printable characters"),
        ({"app": "x" * 101}, "app", "1 to 100 printable characters"),
        ({"user": "a\nb"}, "user", "1 to 100 printable characters"),
        ({"user": ""}, "user", "1 to 100 printable characters"),
        ({"rights": ("ask", "fly")}, "rights", "right 'fly' is not one of ask, approve, administer"),
        ({"rights": ()}, "rights", "give at least one of"),
        ({"instances": ("rm-9",)}, "instances", "instance 'rm-9' is not registered; register it first"),
        ({"instances": ()}, "instances", "at least one instance"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_made(store, keys, fields, field, sentence):
    before = await store.version()
    with pytest.raises(BadField, match=re.escape(sentence)) as refused:
        await keys.create(**fields)
    assert refused.value.name == field
    assert await store.version() == before


def test_every_letter_of_a_secret_is_as_likely_as_the_other():
    seen = iter([bytes([255, 250, 248]), bytes(range(62)), bytes(62)])
    assert secret_text(lambda _: next(seen)) == "abcdefghijklmnopqrstuvwx"
    letters = {letter for _ in range(200) for letter in secret_text(os.urandom)}
    assert len(letters) == 62
