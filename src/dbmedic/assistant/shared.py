"""The turns of one replica among several: `Turns`, with the others told, heard and asked.

`turns.py` knows nothing of this, so a server alone pays nothing for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from typing import Any

import structlog

from dbmedic.assistant.leases import Leases
from dbmedic.assistant.live import Running
from dbmedic.assistant.turns import PATIENCE_S, Turns
from dbmedic.core.errors import Bug, NotFound
from dbmedic.core.events import Entry, StopRequested
from dbmedic.core.ports import Bus, Ticket
from dbmedic.core.values import Caller, Question

logger = structlog.get_logger("dbmedic.shared")

JOB_S = 5.0
"""The replica that does what one alone does is followed by another after this long a silence."""

_ENTERED: ContextVar[Ticket] = ContextVar("ticket")
"""What the question under way came in with."""


class SharedTurns(Turns):
    """See `Turns`; `recover` comes first."""

    def __init__(self, bus: Bus, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._bus = bus
        self._leases = Leases(self._store, self._conversations, bus, now=self._now, new_id=self._new_id)
        self._entered: dict[str, Ticket] = {}

    async def _open(self, question: Question, begins: bool, patience_s: float) -> Any:
        ticket = await self._enter(question.caller.account, question.conversation, patience_s)
        _ENTERED.set(ticket)
        try:
            return await super()._open(question, begins, patience_s)
        except BaseException:
            await self._leave(ticket)
            raise

    def _remember(self, running: Running) -> None:
        self._entered[running.id] = _ENTERED.get()
        super()._remember(running)

    async def _leave(self, ticket: Ticket) -> None:
        self._entered = {turn: entered for turn, entered in self._entered.items() if entered is not ticket}
        await self._leases.leave(ticket)

    async def _enter(self, account: str, conversation: str | None, patience_s: float) -> Ticket:
        most = await self._spending.turns_of(account, self._limits.turns)
        return await self._leases.enter(account, conversation, most, patience_s)

    def _start(self, running: Running) -> None:
        self._leases.begun(running, self._entered.pop(running.id))
        super()._start(running)

    async def _run(self, running: Running) -> None:
        try:
            await self._leases.hold(running.id)
            await super()._run(running)
        except Bug as fault:  # the log went on without us: this replica was taken for lost
            logger.error("turn ended elsewhere", turn=running.id, error=str(fault))
            if running.id in self._running:
                self._forget(running)
                self.admission.leave(running.caller)
            running.closed.set()
            running._wake()
        finally:
            await self._leases.ended(running)

    async def resume(self, turn: str, by: str) -> Running:
        rows = await self._store.read("turn_get", id=turn)
        if not rows:
            raise NotFound("call", turn)
        ticket = await self._enter(rows[0]["account"], rows[0]["conversation"], PATIENCE_S)
        _ENTERED.set(ticket)
        try:
            return await super().resume(turn, by)
        except BaseException:
            await self._leave(ticket)
            raise

    async def batches(self, turn: str, caller: Caller) -> AsyncIterator[Sequence[Entry]]:
        if turn not in self._running and await self._leases.runs_elsewhere(turn):
            await self._conversations.owned(turn, caller)
            async for batch in self._leases.batches(turn):
                yield batch
        else:
            async for batch in super().batches(turn, caller):
                yield batch

    async def stop(self, run: str, caller: Caller) -> bool:
        if run not in self._by_run and await self._leases.stop(run, caller):
            return True
        return await super().stop(run, caller)

    async def _stop_here(self, turn: str, by: str) -> None:
        """Another replica was asked to end a turn that runs here."""
        running = self._running.get(turn)
        if running is not None and running.turn.closed is None and not running.turn.stopping:
            await running.say(StopRequested(by=by))
            if (scope := self._scopes.get(turn)) is not None:
                scope.cancel()

    async def sweep(self) -> None:
        """Done by one replica; also closes what a lost one ran."""
        if await self._bus.first("sweep", JOB_S):
            await super().sweep()
            await self._leases.take_over(self._running.keys())

    async def recover(self) -> int:
        """Begins to listen.  Closes nothing: what was open may run elsewhere; `sweep` finds what does not.

        Raises `BusFailed`.
        """
        await self._bus.open(self._stop_here, idle=not await self._store.read("open_turns"))
        return 0
