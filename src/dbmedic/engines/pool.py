"""Few connections, kept a while, each used by one statement at a time; the waiting all engines share.

A session is one connection.  Whoever stops waiting for a statement ends it on the server at once: the statement runs in
a task of its own, which outlives the impatient one just long enough to be interrupted.  Several instances on one server
with one account share what that account may open.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from weakref import WeakSet

from dbmedic.core.errors import AccountFull, NoSlotLeft, Timeout, Unreachable

PER_KEY = 2
TOTAL = 4
"""Connections of one account over all databases of a server; an idle one of another database makes room.

One less than dbmedic's own advice lets an account have: ending a statement of MySQL takes one more for a moment.
"""
ENOUGH = 10
"""What an account is advised to be given once its limit of 5 was too low: others sign in with it, too."""
IDLE_S = 90.0
"""Longer than the pause between two looks of the sampler, which so needs no new connection each time."""
NARROW_S = 10.0
"""How long a full server is not asked for one more connection while we have another: each refusal counts there as one
that failed, as if somebody could not sign in."""
STOP_S = 5.0
"""How long an interrupted statement may take to end before its connection is given up."""


class Gone(Unreachable):
    """The connection was dead before or while the statement ran; a fresh one may work."""


class Session(Protocol):
    """One connection."""

    @property
    def usable(self) -> bool:
        """Whether another statement may be run on it."""

    async def interrupt(self) -> None:
        """Ends the running statement on the server; may be called from another task, and too late."""

    async def close(self) -> None: ...


S = TypeVar("S", bound=Session)
T = TypeVar("T")


class Pool(Generic[S]):
    """Sessions by key (the database), opened when wanted, closed after `IDLE_S`."""

    _open: ClassVar[WeakSet[Pool[Any]]] = WeakSet()
    """Those that are not closed and may hold a connection."""

    def __init__(self, opening: Callable[[str], Awaitable[S]], account: str = "") -> None:
        """Pools of one `account` (server and user) share `TOTAL`; one without shares with none."""
        self._opening, self._account = opening, account
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: list[tuple[float, str, S]] = []
        self._busy: dict[str, int] = {}
        self._narrow: dict[str, tuple[float, int]] = {}
        """Until when a key makes do with how many sessions."""
        self._waiting: list[asyncio.Future[None]] = []
        self._reaper: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def use(self, key: str, work: Callable[[S], Coroutine[Any, Any, T]], *, limit_s: float) -> T:
        """What `work` gives, with a session of `key`.

        A kept session that turns out dead is replaced once.  When the caller is cancelled, the work is interrupted on
        the server and the session comes back by itself.  Raises `Timeout` when there is no answer within `limit_s`:
        the last resort, the server's own limit is shorter.
        """
        session, fresh = await self._take(key)
        try:
            return await self._run(key, session, work, limit_s)
        except Gone:
            if fresh:
                raise
        session, _ = await self._take(key, fresh=True)
        return await self._run(key, session, work, limit_s)

    async def close(self) -> None:
        """Ends what still runs and all sessions; may be called twice."""
        self._closed = True
        self._open.discard(self)
        if self._reaper is not None:
            self._reaper.cancel()
        idle, self._idle = self._idle, []
        for _, _, session in idle:
            await session.close()
        until = time.monotonic() + 2 * STOP_S
        while self._tasks and time.monotonic() < until:
            await asyncio.wait(set(self._tasks), timeout=STOP_S)

    async def _run(self, key: str, session: S, work: Callable[[S], Coroutine[Any, Any, T]], limit_s: float) -> T:
        task = asyncio.create_task(work(session))
        try:
            done, _ = await asyncio.wait({task}, timeout=limit_s)
        except asyncio.CancelledError:
            self._later(self._abandon(key, session, task))
            raise
        if not done:
            self._later(self._abandon(key, session, task))
            raise Timeout(limit_s, "the server's answer")
        self._give(key, session)
        return task.result()

    async def _abandon(self, key: str, session: S, task: asyncio.Task[T]) -> None:
        try:
            await session.interrupt()
            done, _ = await asyncio.wait({task}, timeout=STOP_S)
            if not done:
                task.cancel()
                await asyncio.wait({task})
            elif not task.cancelled():
                task.exception()  # nobody waits for it any more
        finally:
            self._give(key, session, keep=task.done() and not task.cancelled())

    async def _take(self, key: str, *, fresh: bool = False) -> tuple[S, bool]:
        """A session, counted as busy, and whether it was just opened."""
        self._loop = asyncio.get_running_loop()
        self._open.add(self)
        while self._busy.get(key, 0) >= self._room(key) or sum(pool._used for pool in self._sharing()) >= TOTAL:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            finally:
                self._waiting.remove(turn)
        self._busy[key] = self._busy.get(key, 0) + 1
        found = None if fresh else next((item for item in reversed(self._idle) if item[1] == key), None)
        if found is not None:
            self._idle.remove(found)
            return found[2], False
        try:
            await self._make_room()
            return await self._opening(key), True
        except (NoSlotLeft, AccountFull):
            others = self._busy[key] - 1
            if others:
                self._narrow[key] = (time.monotonic() + NARROW_S, others)
            self._leave(key)
            if not others:
                raise
            return await self._take(key)
        except BaseException:
            self._leave(key)
            raise

    def _give(self, key: str, session: S, *, keep: bool = True) -> None:
        if keep and session.usable and not self._closed:
            self._idle.append((time.monotonic(), key, session))
            if self._reaper is None:
                self._reaper = asyncio.get_running_loop().call_later(IDLE_S, self._reap)
        else:
            self._later(session.close())
        self._leave(key)

    def _room(self, key: str) -> int:
        until, most = self._narrow.get(key, (0.0, PER_KEY))
        return most if time.monotonic() < until else PER_KEY

    async def _make_room(self) -> None:
        """Closes the session that has been idle longest where one more would be too many, before it is opened."""
        pools = self._sharing()
        if sum(pool._used + len(pool._idle) for pool in pools) > TOTAL:
            oldest = min((pool for pool in pools if pool._idle), key=lambda pool: pool._idle[0][0])
            await oldest._idle.pop(0)[2].close()

    @property
    def _used(self) -> int:
        return sum(self._busy.values())

    def _sharing(self) -> list[Pool[Any]]:
        """The pools of the same account, this one among them."""
        if not self._account:
            return [self]
        return [pool for pool in self._open if pool._account == self._account and pool._loop is self._loop]

    def _leave(self, key: str) -> None:
        self._busy[key] -= 1
        for pool in {self, *self._sharing()}:
            for turn in pool._waiting:
                if not turn.done():
                    turn.set_result(None)

    def _reap(self) -> None:
        """Closes what has been idle too long, and looks again later."""
        self._reaper = None
        oldest = time.monotonic() - IDLE_S
        for item in [item for item in self._idle if item[0] <= oldest]:
            self._idle.remove(item)
            self._later(item[2].close())
        if self._idle and not self._closed:
            wait_s = max(0.1, self._idle[0][0] - oldest)
            self._reaper = asyncio.get_running_loop().call_later(wait_s, self._reap)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Does it in the background, whether or not the caller is being cancelled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
