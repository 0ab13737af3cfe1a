"""Runs of turns by their own id: found by who started them, or by anybody of the same app."""

from __future__ import annotations

from collections.abc import Sequence

from dbmedic.assistant.conversations import Conversations
from dbmedic.core.errors import NotFound
from dbmedic.core.events import Entry
from dbmedic.core.ports import Store
from dbmedic.core.values import Caller, Row


class Runs:
    """Reads what was kept; a run under way is read as far as it got."""

    def __init__(self, store: Store, conversations: Conversations) -> None:
        self._store, self._conversations = store, conversations

    async def turn_of(self, run: str, caller: Caller) -> str:
        """The turn of the caller's own run.  Raises `NotFound("run")`, for somebody else's as for an unknown one."""
        row = await self._row(run, caller)
        if row["owner"] != caller.owner:
            raise NotFound("run", run)
        turn: str = row["id"]
        return turn

    async def entries(self, run: str, caller: Caller) -> Sequence[Entry]:
        """The kept events of a run of the caller's app, whoever started it.  Raises `NotFound("run")`."""
        return await self._conversations.entries((await self._row(run, caller))["id"])

    async def _row(self, run: str, caller: Caller) -> Row:
        rows = await self._store.read("turn_of_app", run=run, account=caller.account, app=caller.app)
        if not rows:
            raise NotFound("run", run)
        return rows[0]
