"""What is encrypted at rest: passwords of instances, secrets of signing keys, what was told to language models.

AES-256-GCM, written `v1.<key id>.<nonce and ciphertext>`, or as bytes with the same parts.  The place where one is
kept (table, column, row) is authenticated with it, so what is sealed and copied to another row does not open.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dbmedic.core.errors import StoreFailed, WrongKey

NONCE_BYTES = 12
VERSION = "v1"
FORM = b"\x01"
"""What sealed bytes begin with."""


class Secrets:
    """Seals and opens with one key of 32 bytes."""

    def __init__(self, key: bytes, random: Callable[[int], bytes]) -> None:
        self._cipher, self._random = AESGCM(key), random
        self.key_id = hashlib.sha256(b"dbmedic key id\0" + key).hexdigest()[:16]
        """Names the key without telling anything of it."""
        self._head = FORM + bytes.fromhex(self.key_id)
        self._root = hmac.new(key, b"dbmedic derived keys", hashlib.sha256).digest()

    def derived(self, name: str) -> bytes:
        """A key of 32 bytes for another purpose, always the same for a name; it tells nothing of this one."""
        return hmac.new(self._root, name.encode(), hashlib.sha256).digest()

    def seal(self, text: str, place: str) -> str:
        """The text, readable only with this key and for this place ("instances.url:default/rm-1")."""
        nonce = self._random(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())
        return f"{VERSION}.{self.key_id}.{urlsafe_b64encode(sealed).decode('ascii')}"

    def seal_bytes(self, data: bytes, place: str) -> bytes:
        """The same of bytes, as bytes."""
        nonce = self._random(NONCE_BYTES)
        return b"".join((self._head, nonce, self._cipher.encrypt(nonce, data, place.encode())))

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """What was sealed as bytes.  Raises as `open`."""
        head, nonce_end = len(self._head), len(self._head) + NONCE_BYTES
        if sealed[:1] != FORM:
            raise unknown_form(place)
        if sealed[:head] != self._head:
            raise wrong_key(sealed[1:head].hex(), self.key_id)
        try:
            return self._cipher.decrypt(sealed[head:nonce_end], sealed[nonce_end:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise changed(place) from error

    def open(self, sealed: str, place: str) -> str:
        """What was sealed.  Raises `WrongKey`, and `StoreFailed` for a text that was changed or moved."""
        version, _, rest = sealed.partition(".")
        key_id, _, body = rest.partition(".")
        if version != VERSION:
            raise unknown_form(place)
        if key_id != self.key_id:
            raise wrong_key(key_id, self.key_id)
        try:
            raw = urlsafe_b64decode(body)
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise changed(place) from error


def wrong_key(kept: str, given: str) -> WrongKey:
    """The error for a store that was made with another key."""
    return WrongKey(
        f"this data folder was made with another key (id {kept}, not {given}); "
        "put that one back into its file `key` or into DBMEDIC_KEY"
    )


def unknown_form(place: str) -> StoreFailed:
    return StoreFailed(f"{place}: encrypted in a form that this dbmedic does not know; install the newer one")


def changed(place: str) -> StoreFailed:
    return StoreFailed(f"{place}: the encrypted text was changed; register it again")
