"""Turns among several replicas: each runs on one, any can follow and stop it, and a dead one's turns are ended.

A run is never taken up where a dead replica left it: its turn is closed as interrupted, with what was said so far, so a
change that was granted is never made twice.  The log itself keeps two replicas from one turn: its numbers are unique.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final

import structlog

from dbmedic.agent.driver import close
from dbmedic.agent.turn import Close
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.live import Running
from dbmedic.core.errors import Bug, BusFailed, Busy, OutsideFailed
from dbmedic.core.events import LIVE_ONLY, Entry, TurnClosed
from dbmedic.core.ports import Batch, Bus, NewId, Now, Store, Ticket
from dbmedic.core.values import Caller

logger = structlog.get_logger("dbmedic.leases")

LOOK_S: Final = 0.02
"""How often a question looks whether the turn before it has ended."""
ASK_S: Final = 0.05
"""How often the bus is asked who runs a turn that is to be stopped."""
GATHER_S: Final = 0.02
SILENCE_S: Final = 1.0
"""After this long without news the store is asked whether the turn has ended."""
STOP_S: Final = 10.0
"""How long a stop is repeated, at least."""
ENDING_S: Final = 5.0
"""Who ends a lost turn is followed by another after this long; the log takes only one end."""


class Leases:
    """What `Turns` asks when it is one of several."""

    def __init__(self, store: Store, conversations: Conversations, bus: Bus, *, now: Now, new_id: NewId) -> None:
        self._store, self._conversations, self._bus = store, conversations, bus
        self._now, self._new_id = now, new_id
        self._tickets: dict[str, Ticket] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._absent: dict[str, float] = {}

    # -- run ------------------------------------------------------------------------------------------------------

    async def enter(self, account: str, conversation: str | None, most: int, patience_s: float) -> Ticket:
        """Takes a slot of the account, and the conversation once the turn before has ended.

        Raises `Busy`, and `BusFailed` when nobody can say whether there is room.
        """
        ticket = Ticket(self._new_id(), account, conversation)
        until = time.monotonic() + patience_s
        while (said := await self._bus.enter(ticket, most)) != "in":
            if said == "account":
                raise Busy(f"turns of account {account}", most)
            if said == "conversation" and time.monotonic() > until:
                raise Busy(f"turns of conversation {conversation}", 1)
            await asyncio.sleep(LOOK_S)
        return ticket

    async def leave(self, ticket: Ticket) -> None:
        """For a turn that was not opened."""
        await self._bus.leave(ticket)

    def begun(self, running: Running, ticket: Ticket) -> None:
        """The turn runs here from now on, and others hear it."""
        self._tickets[running.id] = ticket._replace(conversation=running.conversation)
        self._telling[running.id] = asyncio.create_task(self._tell(running), name=f"telling {running.id}")

    async def hold(self, turn: str) -> None:
        """Says that the turn runs here; where the bus does not hear it, it is said again with the next beat."""
        try:
            await self._bus.hold(turn, self._tickets[turn])
        except BusFailed as failure:
            logger.warning("lease not taken", turn=turn, error=str(failure))

    async def ended(self, running: Running) -> None:
        """The turn is closed, or waits for a person."""
        if (telling := self._telling.pop(running.id, None)) is not None:
            await asyncio.wait([telling], timeout=SILENCE_S)
            telling.cancel()
        await self._bus.drop(running.id)
        if (ticket := self._tickets.pop(running.id, None)) is not None:
            await self._bus.leave(ticket)

    async def _tell(self, running: Running) -> None:
        async for batch in running.batches():
            self._bus.publish(running.id, batch)
            if not running.closed.is_set():
                await asyncio.sleep(GATHER_S)
        self._bus.publish(running.id, (), last=True)

    # -- follow and stop ------------------------------------------------------------------------------------------

    async def batches(self, turn: str) -> AsyncIterator[Sequence[Entry]]:
        """Entries of a turn from the first one on until its run ends: from the bus, and what it lost from the store."""
        log = _Heard(turn, self._conversations)
        try:
            following = await self._bus.follow(turn)
        except BusFailed:
            following = None
        try:
            while True:
                if following is None:
                    await asyncio.sleep(SILENCE_S)
                    batch = None
                else:
                    batch = await following.next(SILENCE_S)
                ended = batch is None and not await self._runs(turn)
                if entries := await (log.stored() if batch is None else log.heard(batch)):
                    yield entries
                if ended or log.ended:
                    return
        finally:
            if following is not None:
                following.close()

    async def runs_elsewhere(self, turn: str) -> bool:
        """Whether a turn is open, and some replica says that it runs it."""
        if not await self._runs(turn):
            return False
        try:
            return (await self._bus.holders([turn]))[0] is not None
        except BusFailed:
            return True

    async def stop(self, run: str, caller: Caller) -> bool:
        """Ends a run of the caller's on another replica; False when there is none.

        Returns once the turn has ended, and asks again until then, so no stop is lost: neither by a bus that does not
        know yet who runs it, nor by one that loses what it was told.  Raises `BusFailed` when the turn still runs after
        a lease, for then nobody can say that it ends.
        """
        until, told = time.monotonic() + max(self._bus.lease_s, STOP_S), False
        while (turn := await self._own(run, caller)) is not None:
            if time.monotonic() > until:
                raise BusFailed(f"turn {turn} runs on: the server that runs it did not answer; stop it again")
            told = await self._bus.stop(turn, caller.key) or told
            await asyncio.sleep(ASK_S)
        return told

    async def _own(self, run: str, caller: Caller) -> str | None:
        """The caller's turn that runs under this id."""
        for row in await self._store.read("turn_by_run", run=run):
            if row["status"] == "running" and row["owner"] == caller.owner and row["account"] == caller.account:
                turn: str = row["id"]
                return turn
        return None

    async def _runs(self, turn: str) -> bool:
        rows = await self._store.read("turn_get", id=turn)
        return bool(rows) and rows[0]["status"] == "running"

    # -- a dead replica's turns -----------------------------------------------------------------------------------

    async def take_over(self, here: Collection[str]) -> int:
        """Closes as interrupted what runs nowhere any more; returns how many.  `here`: turns that run here.

        Called every second or so.  A turn must have been without a holder for half a lease on a bus that answered all
        the time: one that came back empty is told of every lease within that.
        """
        rows = await self._store.read("open_turns")
        away = [row["id"] for row in rows if row["id"] not in here]
        try:
            holders = await self._bus.holders(away)
        except BusFailed:
            self._absent.clear()
            raise
        now = time.monotonic()
        absent = [turn for turn, holder in zip(away, holders, strict=True) if holder is None]
        self._absent = {turn: self._absent.get(turn, now) for turn in absent}
        closed = 0
        for turn, since in list(self._absent.items()):
            if now - since >= self._bus.lease_s / 2 and await self._bus.first(f"end:{turn}", ENDING_S):
                closed += await self._interrupt(turn)
        return closed

    async def _interrupt(self, turn: str) -> bool:
        entries = await self._conversations.entries(turn)
        if not entries or isinstance(entries[-1].event, TurnClosed):
            return False
        try:
            await close(Close("interrupted"), Running.again(entries, self._store, self._now))
        except (OutsideFailed, Bug) as failure:  # whoever ran it has spoken after all
            logger.warning("turn not taken over", turn=turn, error=str(failure))
            return False
        logger.warning("turn of a lost replica closed", turn=turn)
        return True


class _Heard:
    """What was passed on of a turn, and what may come next."""

    def __init__(self, turn: str, conversations: Conversations) -> None:
        self._turn, self._conversations = turn, conversations
        self._number = self._seq = 0
        self._whole = True
        """Whether every delta since the last kept event was heard."""
        self.ended = False

    async def stored(self) -> list[Entry]:
        """Kept entries that were not passed on yet."""
        entries = [entry for entry in await self._conversations.entries(self._turn) if entry.seq > self._seq]
        return [self._passed(entry) for entry in entries]

    async def heard(self, batch: Batch) -> list[Entry]:
        """What is new in a batch, after what the store has of those that were lost before it."""
        if batch.number <= self._number:
            return []
        found: list[Entry] = []
        if batch.number > self._number + 1 or not batch.entries:
            found = await self.stored()
            self._whole = self._whole and batch.number == self._number + 1
        self._number = batch.number
        self.ended = self.ended or not batch.entries
        for entry in batch.entries:
            if isinstance(entry.event, LIVE_ONLY):
                if self._whole and entry.seq == self._seq:
                    found.append(entry)
            elif entry.seq > self._seq:
                if entry.seq > self._seq + 1:
                    found += [one for one in await self._until(entry.seq) if one.seq < entry.seq]
                self._whole = True
                found.append(self._passed(entry))
        return found

    async def _until(self, seq: int) -> list[Entry]:
        """Kept entries before this one; they are on their way to the store."""
        found: list[Entry] = []
        for _ in range(50):
            kept = await self._conversations.entries(self._turn)
            found = [entry for entry in kept if self._seq < entry.seq < seq]
            if self._seq + len(found) == seq - 1:
                break
            await asyncio.sleep(LOOK_S)
        return found

    def _passed(self, entry: Entry) -> Entry:
        self._seq = entry.seq
        self.ended = isinstance(entry.event, TurnClosed)
        return entry
