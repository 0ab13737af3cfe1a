"""What apps have published: each version is an agent's version, an opening and a form, and never changes.

An app that published nothing is answered by the built-in agent, which stays there to be asked for as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from dbmedic.assistant import forms
from dbmedic.assistant.accounts import DEFAULT
from dbmedic.assistant.agents import Agents
from dbmedic.core.errors import BadField, Busy, NotFound
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Caller, Row

OPENING_CHARS = 2000


class Draft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be published, as its TOML file says it."""

    prompt: str
    name: str = ""
    tools: tuple[str, ...] | None = None
    """The tools it may use; None is all of them, none of them is ()."""
    skills: tuple[str, ...] = ()
    opening: str = ""
    """What a front-end shows before the first question."""
    form: tuple[forms.Field, ...] = ()


class Version(Struct, frozen=True, kw_only=True):
    """One published version of an app."""

    app: str
    number: int
    """From 1."""
    agent: str
    """The agent's version, as a question names it: "<id>@<version>"."""
    opening: str
    form: tuple[forms.Field, ...]
    published_at: datetime


def draft(text: str) -> Draft:
    """A draft of its file.  Raises `BadField("draft")`.  Pure."""
    try:
        return msgspec.toml.decode(text, type=Draft)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as problem:
        raise BadField("draft", f"the draft cannot be read: {problem}") from None


class Published:
    def __init__(self, store: Store, agents: Agents, *, now: Now) -> None:
        self._store, self._agents, self._now = store, agents, now
        self._newest: dict[tuple[str, str], Version | None] = {}
        self._version = -1

    async def publish(self, app: str, what: Draft, account: str = DEFAULT) -> Version:
        """The next version of the app of this name.

        Raises `NotFound("app")`, and `BadField` for what an agent or a form may not be.
        """
        rows = await self._store.read("app_by_name", account=account, name=app)
        if not rows:
            raise NotFound("app", app)
        forms.check(what.form)
        if len(what.opening) > OPENING_CHARS:
            raise BadField("opening", f"opening: {len(what.opening)} characters, at most {OPENING_CHARS}")
        id = rows[0]["id"]
        newest = await self._store.read("app_version_newest", app=id, account=account)
        enabled = what.tools is None or bool(what.tools)
        if newest:
            agent = await self._agents.update(
                newest[0]["agent"],
                account,
                prompt=what.prompt,
                name=what.name or app,
                enable_tools=enabled,
                tools=what.tools or (),
                skills=what.skills,
            )
        else:
            agent = await self._agents.create(
                account,
                prompt=what.prompt,
                name=what.name or app,
                enable_tools=enabled,
                tools=what.tools or (),
                skills=what.skills,
            )
        row = {
            "app": id,
            "number": newest[0]["number"] + 1 if newest else 1,
            "agent": agent.id,
            "agent_version": agent.version,
            "opening": what.opening,
            "form": msgspec.json.encode(what.form).decode(),
            "now": micros(self._now()),
        }
        (made,) = await self._store.write(("app_version_put", row))
        if not made:
            raise Busy(f"versions of app {app}", 1)
        return _version({**row, "created_at": row["now"]})

    async def newest(self, caller: Caller) -> Version | None:
        """What the caller's app published last, by whatever process; None: nothing."""
        if (version := await self._store.version()) != self._version:
            self._newest.clear()
            self._version = version
        key = (caller.account, caller.app or "")
        if key not in self._newest:
            rows = await self._store.read("app_version_newest", app=caller.app, account=caller.account)
            found = _version(rows[0]) if rows else None
            if version != self._version:
                return found
            self._newest[key] = found
        return self._newest[key]

    async def all(self, caller: Caller) -> Sequence[Version]:
        """Every version of the caller's app, the newest first."""
        rows = await self._store.read("app_versions_of", app=caller.app, account=caller.account)
        return [_version(row) for row in rows]

    async def of_name(self, app: str, account: str = DEFAULT) -> Sequence[Version]:
        """Every version of the app of this name, the newest first.  Raises `NotFound("app")`."""
        rows = await self._store.read("app_by_name", account=account, name=app)
        if not rows:
            raise NotFound("app", app)
        return [_version(row) for row in await self._store.read("app_versions_of", app=rows[0]["id"], account=account)]


def _version(row: Row) -> Version:
    return Version(
        app=row["app"],
        number=row["number"],
        agent=f"{row['agent']}@{row['agent_version']}",
        opening=row["opening"],
        form=msgspec.json.decode(row["form"], type=tuple[forms.Field, ...]),
        published_at=moment(row["created_at"]),
    )
