"""A running turn: one writer, many followers, every kept event on its way to the store.

Followers read the same list and never slow the writer; one that hangs up stops its reading, not the run.  Token-sized
deltas live here only: once a second, or each 4 kB, what they carried becomes one kept `AnswerGrew`, so that a crash
loses at most the last second of text.

What a person is asked is shown, and kept, with the row by which it is decided: whoever sees it can decide it at once.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

import structlog

from dbmedic.agent.driver import close
from dbmedic.agent.turn import Close, Turn, apply
from dbmedic.assistant.budgets import closing
from dbmedic.core.errors import Failure, OutsideFailed
from dbmedic.core.events import (
    AnswerDelta,
    Answered,
    AnswerGrew,
    ApprovalRequested,
    Entry,
    Event,
    Thought,
    ThoughtDelta,
    ThoughtGrew,
    TurnClosed,
    TurnOpened,
)
from dbmedic.core.log import entries, micros
from dbmedic.core.ports import Now, Store

logger = structlog.get_logger("dbmedic.live")

GROW_S = 1.0
GROW_CHARS = 4096
BATCH = 256
"""So many entries a follower gets at most at once: one that fell behind is not handed a whole answer to hold."""
FLUSH_S = 0.05
"""Kept events wait this long for company before they go to the store; the last one of a turn never waits."""
LATER_S = 1.0
"""How often a turn that could not be closed is tried again."""


class Running:
    """The log of a turn that is driven in this process (the driver's `Log`)."""

    def __init__(self, opened: TurnOpened, at: datetime, store: Store, now: Now) -> None:
        self.entries: list[Entry] = [Entry(opened.turn, 1, at, opened)]
        self.turn: Turn = apply(Turn(), opened)
        self.opened_at = at
        self.caller = opened.question.caller
        self.account, self.owner = self.caller.account, self.caller.owner
        self._store, self._now = store, now
        self._seq = 1
        self._last_at = at
        self._pending: list[Entry] = []
        self._shown = sys.maxsize
        """So many entries followers may see; the first request of an approval waits for `pause`, or the end."""
        self._flush_timer: asyncio.TimerHandle | None = None
        self._flushes: set[asyncio.Task[None]] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._answer = _Growing(AnswerGrew)
        self._thought = _Growing(ThoughtGrew)
        self._lost: Failure | None = None
        self.closed = asyncio.Event()
        """Set when the turn is closed, or waits for a person: nothing more is said here."""
        self._when_closed: list[Callable[[Running], None]] = []
        self.lost = False
        """Its question could not be kept: so nothing of it is, and whoever asked was told."""

    @classmethod
    def again(cls, entries: Sequence[Entry], store: Store, now: Now) -> Running:
        """A turn that goes on behind the last entry of its kept log."""
        opened = entries[0].event
        assert isinstance(opened, TurnOpened)
        running = cls(opened, entries[0].at, store, now)
        running.entries = list(entries)
        for entry in entries[1:]:
            running.turn = apply(running.turn, entry.event)
        running._seq, running._last_at = entries[-1].seq, entries[-1].at
        return running

    @property
    def id(self) -> str:
        return self.turn.id

    @property
    def conversation(self) -> str:
        return self.turn.conversation

    @property
    def run(self) -> str:
        return self.turn.run

    @property
    def runs(self) -> tuple[str, ...]:
        """The first run and the one under way: a client may know the turn by either."""
        first = self.entries[0].event
        assert isinstance(first, TurnOpened)
        return (first.run,) if first.run == self.run else (first.run, self.run)

    # -- the writer -------------------------------------------------------------------------------------------------

    async def say(self, event: Event) -> None:
        """Adds an event.  Waits for nothing but the store at the very end: a closed turn is on disk before it shows."""
        kind = type(event)
        if kind is AnswerDelta or kind is ThoughtDelta:
            self.entries.append(Entry(self.turn.id, self._seq, self._last_at, event))
            (self._answer if kind is AnswerDelta else self._thought).add(event, self)  # type: ignore[arg-type]
            self._wake()
            return
        if kind is Answered:
            self._answer.reset()
        elif kind is Thought:
            self._thought.reset()
        elif kind is ApprovalRequested and event.waits and self._shown == sys.maxsize:  # type: ignore[union-attr]
            self._flush()
            self._shown = len(self.entries)
        entry = self._kept(event)
        if isinstance(event, TurnClosed):
            await self._close(entry, event)
        else:
            self._pending.append(entry)
            if self._flush_timer is None:
                self._flush_timer = asyncio.get_running_loop().call_later(FLUSH_S, self._flush)
            self.entries.append(entry)
            if not self.turn.answered:  # else all that follows leaves together, with the end
                self._wake()

    async def kept(self) -> None:
        """Returns once all that was said is durable.

        Raises `OutsideFailed` when some of it cannot be kept, `Bug` when another server went on with the log.
        """
        self._flush()
        if self._flushes:
            await asyncio.wait(self._flushes)
        if self._lost is not None:
            raise self._lost

    async def pause(self, *writes: tuple[str, dict[str, Any]]) -> None:
        """Ends what runs here of a turn that waits for a person, and shows what is asked; followers end, too.

        Raises as `kept`.
        """
        await self.kept()
        batch, self._pending = self._pending, []
        try:
            await self._store.append(batch, *writes)
        except OutsideFailed as failure:
            self._lost = failure
            raise
        self._end()

    def lose(self) -> None:
        """From now on nothing is kept."""
        self.lost = True
        self._pending.clear()
        self._end()

    def keep(self, event: AnswerGrew | ThoughtGrew) -> None:
        """Puts text that streamed on its way to the store."""
        entry = self._kept(event)
        self._pending.append(entry)
        self.entries.append(entry)
        self._flush()
        self._wake()

    def _kept(self, event: Event) -> Entry:
        self._seq += 1
        self._last_at = self._now()
        self.turn = apply(self.turn, event)
        return Entry(self.turn.id, self._seq, self._last_at, event)

    async def _close(self, entry: Entry, event: TurnClosed) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        batch, self._pending = [*self._pending, entry], []
        status = ("close_turn", {"id": self.turn.id, "status": event.reason, "closed_at": micros(entry.at)})
        touch = ("touch_conversation", {"id": self.turn.conversation, "now": micros(entry.at)})
        if self._flushes:
            await asyncio.wait(self._flushes)
        try:
            if self._lost is not None:
                raise self._lost  # what comes behind a gap is no log
            await self._store.append(batch, status, touch, *closing(self.turn, self.account, entry.at))
        except Failure as failure:
            if not (self.lost or isinstance(failure, OutsideFailed)):
                del self.entries[self._shown :]
                self._end()  # another server went on with the log: nobody here hears more of it
                raise
            # Nothing can be kept now: followers still see the end; what is kept is closed when the store is back.
            logger.error("turn not kept", turn=self.turn.id, error=str(failure))
            if not self.lost:
                self._flushes.add(later := asyncio.create_task(self._close_later(), name=f"closing {self.turn.id}"))
                later.add_done_callback(self._flushes.discard)
        self.entries.append(entry)
        self._end()

    async def _close_later(self) -> None:
        """Closes what is kept of this turn as interrupted, as a restart would, once the store takes it."""
        while True:
            await asyncio.sleep(LATER_S)
            try:
                kept = entries(await self._store.read("events_of_turn", turn=self.turn.id))
            except OutsideFailed:
                continue
            if kept and not isinstance(kept[-1].event, TurnClosed):
                await close(Close("interrupted"), Running.again(kept, self._store, self._now))
            return

    def when_closed(self, told: Callable[[Running], None]) -> None:
        """Calls `told` when nothing more is said here; at once when that is so already."""
        if self.closed.is_set():
            told(self)
        else:
            self._when_closed.append(told)

    def _end(self) -> None:
        self._answer.reset()
        self._thought.reset()
        self._shown = sys.maxsize
        self.closed.set()
        self._wake()
        when_closed, self._when_closed = self._when_closed, []
        for told in when_closed:
            told(self)

    def _flush(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if self._pending and not self.lost and self._shown == sys.maxsize:
            batch, self._pending = self._pending, []
            task = asyncio.create_task(self._append(batch))
            self._flushes.add(task)
            task.add_done_callback(self._flushes.discard)

    async def _append(self, batch: Sequence[Entry]) -> None:
        try:
            await self._store.append(batch)
        except Failure as failure:
            if self.lost:
                return
            self._lost = failure
            logger.error("events not kept", turn=self.turn.id, error=str(failure))

    def _wake(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    # -- followers --------------------------------------------------------------------------------------------------

    async def batches(self) -> AsyncIterator[Sequence[Entry]]:
        """All that was said so far, then whatever comes, up to `BATCH` at once; ends after `TurnClosed`.

        Deltas carry the number and time of the kept event before them.  A turn that waits for a person ends it, too.
        """
        seen, entries, new_future = 0, self.entries, asyncio.get_running_loop().create_future
        while True:
            if batch := entries[seen : min(seen + BATCH, self._shown)]:
                seen += len(batch)
                yield batch
            elif self.closed.is_set():
                return
            else:
                more = new_future()
                self._waiting.append(more)
                await more

    async def follow(self) -> AsyncIterator[Entry]:
        """`batches`, one entry at a time."""
        async for batch in self.batches():
            for entry in batch:
                yield entry


class _Growing:
    """Text that streams: remembers what no kept event has yet.

    Knows its turn only while some text waits: a turn that nobody follows any more is gone at once, with all its text,
    and not when the garbage collector comes by.
    """

    def __init__(self, kind: type[AnswerGrew] | type[ThoughtGrew]) -> None:
        self._kind = kind
        self._timer: asyncio.TimerHandle | None = None
        self.reset()

    def reset(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._parts: list[str] = []
        self._size = self._start = self._reply = 0

    def add(self, delta: AnswerDelta | ThoughtDelta, running: Running) -> None:
        self._parts.append(delta.text)
        self._size += len(delta.text)
        self._reply = delta.reply
        if self._size >= GROW_CHARS:
            self._grow(running)
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GROW_S, self._grow, running)

    def _grow(self, running: Running) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._parts:
            text = "".join(self._parts)
            event = self._kind(reply=self._reply, start=self._start, text=text)
            self._parts, self._size, self._start = [], 0, self._start + len(text)
            running.keep(event)
