"""Access keys: pairs of a public id and a secret, for clients that sign; secrets are encrypted at rest.

An access key is a key of kind "ram": it is listed and revoked with all others.  A temporary one also has a security
token and an end.  What its user may do is in `policies.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dbmedic.assistant.accounts import DEFAULT
from dbmedic.assistant.keys import checked_instances, checked_name, checked_rights, random_text
from dbmedic.assistant.policies import Policies
from dbmedic.core.errors import BadField
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Caller, Row

if TYPE_CHECKING:
    from dbmedic.assistant.secrets import Secrets

PREFIX = "DBMD"
ID_CHARS, SECRET_CHARS, TOKEN_CHARS = 20, 30, 64
LONGEST_S = 36 * 3600
"""Longest life of a temporary key."""


class Created(NamedTuple):
    """A new access key.  Secret and token are nowhere else."""

    id: str
    """Of the key, as lists and `revoke` name it."""
    access_key_id: str
    access_key_secret: str
    security_token: str | None
    expires_at: datetime | None


class Identity(NamedTuple):
    """Who signs with an access key, and with what."""

    caller: Caller
    user: str | None
    """Name of the user; None when it was deleted."""
    secret: str
    active: bool
    token_sha256: bytes | None
    expires_at: datetime | None


class AccessKeys:
    """The access keys of all accounts."""

    def __init__(
        self,
        store: Store,
        secrets: Secrets,
        policies: Policies,
        *,
        now: Now,
        new_id: NewId,
        random: Callable[[int], bytes],
    ) -> None:
        self._store, self._secrets, self._policies = store, secrets, policies
        self._now, self._new_id, self._random = now, new_id, random
        self._known: dict[str, Identity] = {}
        self._version = -1

    async def create(
        self,
        *,
        user: str = DEFAULT,
        rights: Collection[str] = ("ask",),
        instances: Collection[str] | None = None,
        name: str = "",
        policy: str | None = None,
        lifetime_s: int | None = None,
        account: str = DEFAULT,
    ) -> Created:
        """A new access key; its user is made with it when new.

        `policy` is attached to the user.  Without one, a user that has no policy gets all rights.
        Raises `BadField` for a name that cannot be, an unknown right, instance or policy, or a lifetime out of range.
        """
        checked_name("user", user)
        checked_name("name", name, may_be_empty=True)
        if lifetime_s is not None and not 60 <= lifetime_s <= LONGEST_S:
            raise BadField("expires", f"a temporary key lives from 60 s to {LONGEST_S} s, not {lifetime_s} s")
        if policy is not None:
            await self._policies.known(policy, account)
        id_, now = self._new_id(), self._now()
        public = PREFIX + random_text(self._random, ID_CHARS)
        secret = random_text(self._random, SECRET_CHARS)
        row = {
            "id": id_,
            "account": account,
            "user": user,
            "app": None,
            "kind": "ram",
            "name": f"{public} {name}".rstrip(),
            # Never the hash of anything: the id is public and must not open what hashes of secrets open.
            "hash": f"ram:{public}",
            "sealed": self._secrets.seal(secret, _place(id_)),
            "rights": msgspec.json.encode(checked_rights(rights)).decode(),
            "instances": await checked_instances(self._store, instances, account),
            "now": micros(now),
        }
        attached = {"account": account, "user": user, "policy": policy or "AdministratorAccess", "now": micros(now)}
        writes: list[tuple[str, dict[str, Any]]] = [
            ("user_put_new", {"id": self._new_id(), "account": account, "name": user, "now": micros(now)}),
            ("key_put", row),
            ("policy_attach" if policy else "policy_attach_first", attached),
        ]
        token, expires_at = None, None
        if lifetime_s is not None:
            token, expires_at = random_text(self._random, TOKEN_CHARS), now + timedelta(seconds=lifetime_s)
            digest = hashlib.sha256(token.encode()).hexdigest()
            writes.append(("key_token_put", {"key": id_, "digest": digest, "expires_at": micros(expires_at)}))
        await self._store.write(*writes)
        return Created(id_, public, secret, token, expires_at)

    async def find(self, access_key: str) -> Identity | None:
        """Whom an access key id stands for, as of the last change by any process; None when it is not known."""
        if (version := await self._store.version()) != self._version:
            self._known.clear()
            self._version = version
        found = self._known.get(access_key)
        if found is None and len(access_key) <= 128:
            rows = await self._store.read("access_key", access_key=access_key)
            if rows:
                found = self._identity(rows[0])
                if version == self._version:
                    self._known[access_key] = found
        return found

    async def user_name(self, caller: Caller) -> str | None:
        """The name of a caller's user; None when it was deleted."""
        rows = await self._store.read("user_name", id=caller.user, account=caller.account)
        return rows[0]["name"] if rows else None

    async def first_use(self, key: str, nonce: str, kept: timedelta) -> bool:
        """Whether this is the first time that a key shows a nonce; from now on it is not, for as long as `kept`.

        Decided by the store, so it holds across processes and restarts.
        """
        now = self._now()
        fresh = ("nonce_put", {"key": key, "nonce": nonce, "until": micros(now + kept)})
        _, rows = await self._store.write(("nonces_forget", {"now": micros(now)}), fresh)
        return bool(rows)

    def _identity(self, row: Row) -> Identity:
        caller = Caller(
            account=row["account"],
            user=row["user_id"],
            key=row["id"],
            rights=tuple(msgspec.json.decode(row["rights"])),
            instances=None if row["instances"] is None else tuple(msgspec.json.decode(row["instances"])),
        )
        return Identity(
            caller,
            row["user_name"],
            self._secrets.open(row["sealed"], _place(row["id"])),
            row["revoked_at"] is None,
            None if row["sha256"] is None else bytes.fromhex(row["sha256"]),
            None if row["expires_at"] is None else moment(row["expires_at"]),
        )


def _place(id_: str) -> str:
    return f"keys.sealed:{id_}"
