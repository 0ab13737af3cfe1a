"""Keys: made once, shown once, kept as a hash; whoever brings one is the caller it stands for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from string import ascii_letters, digits
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec import Struct

from dbmedic.assistant.accounts import DEFAULT
from dbmedic.core.errors import BadField, NotFound, NotSignedIn
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Caller, Right

PREFIXES = {"app": "app-", "dataset": "dataset-", "admin": "admin-"}
"""Kind -> how its secrets begin.  An app key asks as its app, a dataset key keeps documents, an admin key is a
person's."""

SECRET_CHARS = 24
NAME_CHARS = 100
_ALPHABET = ascii_letters + digits
_LONGEST = 256


class Created(NamedTuple):
    """A new key.  The secret is nowhere else."""

    id: str
    secret: str


class Key(Struct, frozen=True, kw_only=True):
    """A key as it may be listed."""

    id: str
    kind: str
    name: str
    user: str
    """Name of the user."""
    app: str | None
    """Name of the app."""
    rights: tuple[Right, ...]
    instances: tuple[str, ...] | None
    """None is every instance of the account."""
    created_at: datetime
    revoked_at: datetime | None


class Keys:
    """The keys of all accounts."""

    def __init__(self, store: Store, *, now: Now, new_id: NewId, random: Callable[[int], bytes]) -> None:
        self._store, self._now, self._new_id, self._random = store, now, new_id, random
        self._callers: dict[str, Caller] = {}
        self._version = -1

    async def create(
        self,
        *,
        kind: str = "app",
        app: str | None = None,
        user: str = DEFAULT,
        rights: Collection[str] = ("ask",),
        instances: Collection[str] | None = None,
        name: str = "",
        account: str = DEFAULT,
    ) -> Created:
        """A new key.  An app or a user of a new name is made with it; an app key without a name is the default app's.

        Raises `BadField` for an unknown kind or right, a name that is too long, or an instance not registered.
        """
        if kind not in PREFIXES:
            raise BadField("kind", f"kind {kind!r} is not one of {', '.join(PREFIXES)}")
        if app is not None and kind != "app":
            raise BadField("app", f"only a key of kind app belongs to an app, not one of kind {kind}")
        app = (app or DEFAULT) if kind == "app" else None
        for field, text in (("app", app), ("user", user), ("name", name)):
            checked_name(field, text, may_be_empty=field == "name")
        secret = PREFIXES[kind] + secret_text(self._random)
        id_, now = self._new_id(), micros(self._now())
        key = {
            "id": id_,
            "account": account,
            "user": user,
            "app": app,
            "kind": kind,
            "name": name,
            "hash": _hash(secret),
            "sealed": None,
            "rights": _json(checked_rights(rights)),
            "instances": await checked_instances(self._store, instances, account),
            "now": now,
        }
        writes = [("user_put_new", {"id": self._new_id(), "account": account, "name": user, "now": now})]
        if app is not None:
            writes.append(("app_put_new", {"id": self._new_id(), "account": account, "name": app, "now": now}))
        await self._store.write(*writes, ("key_put", key))
        return Created(id_, secret)

    async def list(self, account: str = DEFAULT) -> list[Key]:
        """All keys, revoked ones too, oldest first."""
        return [_key(row) for row in await self._store.read("keys_of_account", account=account)]

    async def revoke(self, id: str, account: str = DEFAULT) -> None:
        """From now on nobody signs in with it.  Revoking twice is no error.  Raises `NotFound("key")`."""
        (rows,) = await self._store.write(("key_revoke", {"id": id, "account": account, "now": micros(self._now())}))
        if not rows:
            raise NotFound("key", id)

    async def sign_in(self, secret: str) -> Caller:
        """Whom the secret stands for, as of the last change by any process; a few microseconds when seen before.

        Raises `NotSignedIn`, with one sentence for every reason.
        """
        if (version := await self._store.version()) != self._version:
            self._callers.clear()
            self._version = version
        if len(secret) > _LONGEST:
            raise NotSignedIn("the key is not known")
        digest = _hash(secret)
        caller = self._callers.get(digest)
        if caller is None:
            rows = await self._store.read("key_by_hash", hash=digest)
            if not rows or rows[0]["revoked_at"] is not None:
                raise NotSignedIn("the key is not known")
            caller = _caller(rows[0])
            if version == self._version:
                self._callers[digest] = caller
        return caller


async def checked_instances(store: Store, instances: Collection[str] | None, account: str) -> str | None:
    """The instances of a key as they are kept; None for all.  Raises `BadField`."""
    if instances is None:
        return None
    known = {row["id"] for row in await store.read("instances_of_account", account=account)}
    for id_ in instances:
        if id_ not in known:
            raise BadField("instances", f"instance {id_!r} is not registered; register it first")
    if not instances:
        raise BadField("instances", "name at least one instance, or leave the field out for all of them")
    return _json(sorted(set(instances)))


def secret_text(random: Callable[[int], bytes]) -> str:
    """24 letters and digits, each as likely as the other: 143 bits."""
    return random_text(random, SECRET_CHARS)


def random_text(random: Callable[[int], bytes], length: int) -> str:
    """So many letters and digits, each as likely as the other."""
    chars: list[str] = []
    even = 256 - 256 % len(_ALPHABET)
    while len(chars) < length:
        chars.extend(_ALPHABET[byte % len(_ALPHABET)] for byte in random(length) if byte < even)
    return "".join(chars[:length])


def checked_name(field: str, text: str | None, *, may_be_empty: bool = False) -> None:
    """Raises `BadField` for a name that cannot be; None and, where allowed, "" are none."""
    if text is None or (not text and may_be_empty):
        return
    if not text.strip() or not text.isprintable() or len(text) > NAME_CHARS:
        raise BadField(field, f"{field}: 1 to {NAME_CHARS} printable characters")


def checked_rights(rights: Collection[str]) -> list[str]:
    """The rights in their fixed order.  Raises `BadField`."""
    known = get_args(Right)
    for right in rights:
        if right not in known:
            raise BadField("rights", f"right {right!r} is not one of {', '.join(known)}")
    if not rights:
        raise BadField("rights", f"give at least one of {', '.join(known)}")
    return [right for right in known if right in rights]


def _hash(secret: str) -> str:
    """A plain hash is enough: the secret is random, so there is nothing to guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _scope(row: dict[str, Any]) -> tuple[str, ...] | None:
    return None if row["instances"] is None else tuple(msgspec.json.decode(row["instances"]))


def _caller(row: dict[str, Any]) -> Caller:
    return Caller(
        account=row["account"],
        user=row["user_id"],
        key=row["id"],
        app=row["app"],
        rights=tuple(msgspec.json.decode(row["rights"])),
        instances=_scope(row),
    )


def _key(row: dict[str, Any]) -> Key:
    return Key(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        user=row["user_name"],
        app=row["app_name"],
        rights=tuple(msgspec.json.decode(row["rights"])),
        instances=_scope(row),
        created_at=moment(row["created_at"]),
        revoked_at=None if row["revoked_at"] is None else moment(row["revoked_at"]),
    )
