"""Who may do what: policy documents in RAM's format, kept per account and attached to users.

What a document means is decided in `kit/policy.py`.  An administrator's key may do everything in its account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dbmedic.assistant.accounts import DEFAULT
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.log import micros
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller, Row
from dbmedic.kit.policy import Allowed, Decision, Policy, PolicyError, decide, parse

NAME_CHARS = 128


def _allowing(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "1", "Statement": [statement]})


BUILT_IN = {
    "AdministratorAccess": _allowing("*"),
    "ReadOnlyAccess": _allowing("*:Get*", "*:List*", "*:Describe*"),
    "AliyunRDSAIFullAccess": _allowing("rdsai:*"),
    "AliyunHDMFullAccess": _allowing("hdm:*"),
    "AliyunPolardbFullAccess": _allowing("polardb:*"),
}
"""Policies that every account has."""


class Stored(NamedTuple):
    """A policy as it may be listed."""

    name: str
    built_in: bool
    document: str
    users: tuple[str, ...]
    """Names of the users that have it."""


class Policies:
    """The policies of all accounts."""

    def __init__(self, store: Store, *, now: Now) -> None:
        self._store, self._now = store, now
        self._held: dict[tuple[str, str], tuple[Policy, ...]] = {}
        self._version = -1

    async def decide(self, caller: Caller, actions: Sequence[str], context: Mapping[str, str]) -> Decision:
        """Whether the caller's policies allow an action, by any of its names; resources are not told apart."""
        if "administer" in caller.rights:
            return Allowed()
        return decide(await self._of(caller.account, caller.user), actions, "*", context)

    async def put(self, name: str, document: str, account: str = DEFAULT) -> None:
        """Keeps a document under a name; replaces the one before.

        Raises `BadField` for a name that cannot be or is built in, and for a document that is not in the format.
        """
        if not 0 < len(name) <= NAME_CHARS or not all(c.isalnum() or c == "-" for c in name) or not name.isascii():
            raise BadField("name", f"policy name {name!r}: 1 to {NAME_CHARS} letters, digits and hyphens")
        if name in BUILT_IN:
            raise BadField("name", f"policy {name} is built in; choose another name")
        try:
            parse(document)
        except PolicyError as problem:
            raise BadField("document", f"policy {name}: {problem}") from None
        row = {"account": account, "name": name, "document": document, "now": micros(self._now())}
        await self._store.write(("policy_put", row))

    async def remove(self, name: str, account: str = DEFAULT) -> None:
        """Forgets a document.  Raises `BadField` while a user has it, and `NotFound("policy")`."""
        for one in await self.list(account):
            if one.name == name and one.users:
                raise BadField("name", f"policy {name} is attached to {', '.join(one.users)}; detach it first")
        (gone,) = await self._store.write(("policy_delete", {"account": account, "name": name}))
        if not gone:
            raise NotFound("policy", name)

    async def attach(self, name: str, user: str, account: str = DEFAULT) -> None:
        """Gives a policy to a user; twice is no error.  Raises `BadField` for an unknown policy or user."""
        await self.known(name, account)
        await self._user(user, account)
        row = {"account": account, "user": user, "policy": name, "now": micros(self._now())}
        await self._store.write(("policy_attach", row))

    async def detach(self, name: str, user: str, account: str = DEFAULT) -> None:
        """Takes a policy from a user.  Raises `BadField` for an unknown user or one that does not have it."""
        await self._user(user, account)
        (gone,) = await self._store.write(("policy_detach", {"account": account, "user": user, "policy": name}))
        if not gone:
            raise BadField("policy", f"user {user} does not have policy {name}")

    async def simulate(
        self, user: str, action: str, context: Mapping[str, str], account: str = DEFAULT
    ) -> tuple[Decision, tuple[str, ...]]:
        """What a user's policies say to an action, and which policies the user has.  Raises `BadField`."""
        id_ = await self._user(user, account)
        names = tuple(row["policy"] for row in await self._rows(account, id_))
        return decide(await self._of(account, id_), action, "*", context), names

    async def list(self, account: str = DEFAULT) -> list[Stored]:
        """All policies of an account, built-in ones first, each with who has it."""
        users: dict[str, list[str]] = {}
        for row in await self._store.read("policy_attachments", account=account):
            users.setdefault(row["policy"], []).append(row["user_name"])
        own = [(row["name"], row["document"]) for row in await self._store.read("policies_of_account", account=account)]
        return [
            Stored(name, name in BUILT_IN, document, tuple(users.get(name, ())))
            for name, document in (*BUILT_IN.items(), *own)
        ]

    async def known(self, name: str, account: str = DEFAULT) -> str:
        """The document of a policy.  Raises `BadField("policy")`."""
        if name in BUILT_IN:
            return BUILT_IN[name]
        rows = await self._store.read("policy_get", account=account, name=name)
        if not rows:
            known = ", ".join(one.name for one in await self.list(account))
            raise BadField("policy", f"policy {name!r} does not exist; policies: {known}")
        document: str = rows[0]["document"]
        return document

    async def _of(self, account: str, user: str) -> tuple[Policy, ...]:
        """A user's parsed policies, as of the last change by any process."""
        if (version := await self._store.version()) != self._version:
            self._held.clear()
            self._version = version
        held = self._held.get((account, user))
        if held is None:
            held = tuple(_parsed(row["policy"], row["document"]) for row in await self._rows(account, user))
            if version == self._version:
                self._held[account, user] = held
        return held

    async def _rows(self, account: str, user: str) -> Sequence[Row]:
        return await self._store.read("policies_of_user", account=account, user_id=user)

    async def _user(self, name: str, account: str) -> str:
        rows = await self._store.read("user_by_name", account=account, name=name)
        if not rows:
            raise BadField("user", f"user {name!r} does not exist; `dbmedic key create --ram --user {name}` makes it")
        id_: str = rows[0]["id"]
        return id_


def _parsed(name: str, document: str | None) -> Policy:
    """A kept document; one that is gone allows nothing."""
    text = BUILT_IN.get(name, document)
    return Policy(()) if text is None else parse(text)
