"""Few connections, kept a while, given back even by those who no longer wait.

The sessions are real enough: what they hold is an event, and interrupting sets it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anyio
import pytest

from dbmedic.core.errors import NoSlotLeft, Timeout
from dbmedic.engines import pool
from dbmedic.engines.pool import Gone, Pool


class Plain:
    """A session that can wait until it is interrupted."""

    def __init__(self) -> None:
        self.stop, self.closed, self.interrupted = asyncio.Event(), False, False

    @property
    def usable(self) -> bool:
        return not self.closed and not self.interrupted

    async def interrupt(self) -> None:
        self.interrupted = True
        self.stop.set()

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed = True

    async def wait(self) -> str:
        await self.stop.wait()
        return "interrupted"


class Opened:
    """Counts what a pool opens."""

    def __init__(self) -> None:
        self.sessions: list[Plain] = []

    async def __call__(self, _: str) -> Plain:
        await asyncio.sleep(0)
        self.sessions.append(Plain())
        return self.sessions[-1]

    @property
    def open(self) -> int:
        return sum(not session.closed for session in self.sessions)


async def name_of(session: Plain) -> int:
    await asyncio.sleep(0.001)
    return id(session)


async def test_a_session_is_used_again() -> None:
    opened = Opened()
    sessions = Pool(opened)
    assert await sessions.use("a", name_of, limit_s=1) == await sessions.use("a", name_of, limit_s=1)
    await sessions.close()
    await sessions.close()
    assert (len(opened.sessions), opened.open) == (1, 0)


async def test_many_callers_share_two_sessions_and_all_are_served() -> None:
    opened = Opened()
    sessions = Pool(opened)
    served: list[int] = []

    async def ask() -> None:
        served.append(await sessions.use("a", name_of, limit_s=1))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)
    assert len(served) == 50
    assert len(opened.sessions) == 2
    await sessions.close()


async def test_a_full_server_is_asked_once_and_the_connection_there_is_serves_all() -> None:
    opened, asked, refused = Opened(), 0, 0

    async def opening(key: str) -> Plain:
        nonlocal asked, refused
        asked += 1
        if asked > 1:
            refused += 1
            raise NoSlotLeft("no connection to db: Too many connections")
        return await opened(key)

    sessions, served = Pool(opening), list[int]()

    async def ask() -> None:
        served.append(await sessions.use("a", name_of, limit_s=1))

    with anyio.fail_after(2):
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(ask)
    assert (len(served), len(opened.sessions), refused) == (20, 1, 1)
    await sessions.close()
    with pytest.raises(NoSlotLeft):  # none of our own is left to wait for
        await Pool(opening).use("a", name_of, limit_s=1)


async def test_databases_make_room_for_each_other() -> None:
    opened = Opened()
    sessions = Pool(opened)
    for number in range(20):
        await sessions.use(f"db{number}", name_of, limit_s=1)
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    assert opened.open <= pool.TOTAL
    await sessions.close()
    assert opened.open == 0


async def test_idle_sessions_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "IDLE_S", 0.05)
    opened = Opened()
    sessions = Pool(opened)
    await sessions.use("a", name_of, limit_s=1)
    await asyncio.sleep(0.03)
    await sessions.use("b", name_of, limit_s=1)
    with anyio.fail_after(2):
        while opened.open:
            await asyncio.sleep(0.01)
    assert await sessions.use("a", name_of, limit_s=1)
    await sessions.close()


async def test_who_is_cancelled_interrupts_the_work_and_leaves_room() -> None:
    opened = Opened()
    sessions = Pool(opened)
    for _ in range(5):
        with anyio.move_on_after(0.01) as scope:
            await sessions.use("a", Plain.wait, limit_s=60)
        assert scope.cancelled_caught
    with anyio.fail_after(2):
        await sessions.use("a", name_of, limit_s=1)
    await sessions.close()
    assert all(session.interrupted for session in opened.sessions[:-1])
    assert opened.open == 0


async def test_no_answer_within_the_limit_is_a_timeout() -> None:
    sessions = Pool(Opened())
    with pytest.raises(Timeout):
        await sessions.use("a", Plain.wait, limit_s=0.02)
    await sessions.close()


async def test_work_that_cannot_be_interrupted_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "STOP_S", 0.02)
    opened = Opened()
    sessions = Pool(opened)

    async def deaf(_: Plain) -> None:
        await asyncio.sleep(60)

    with pytest.raises(Timeout):
        await sessions.use("a", deaf, limit_s=0.01)
    with anyio.fail_after(1):
        await sessions.close()
    assert opened.open == 0


def dies(times: int) -> Callable[[Plain], object]:
    left = [times]

    async def work(session: Plain) -> int:
        if left[0]:
            left[0] -= 1
            session.interrupted = True
            raise Gone("broken")
        return id(session)

    return work


async def test_a_dead_kept_session_is_replaced_once_and_a_fresh_one_not() -> None:
    sessions = Pool(Opened())
    with pytest.raises(Gone):
        await sessions.use("a", dies(1), limit_s=1)  # type: ignore[arg-type]
    await sessions.use("a", name_of, limit_s=1)
    assert await sessions.use("a", dies(1), limit_s=1)  # type: ignore[arg-type]
    with pytest.raises(Gone):
        await sessions.use("a", dies(2), limit_s=1)  # type: ignore[arg-type]
    await sessions.close()


async def test_a_failed_opening_leaves_room() -> None:
    async def refuse(_: str) -> Plain:
        raise Gone("nobody there")

    sessions = Pool(refuse)
    for _ in range(5):
        with pytest.raises(Gone):
            await sessions.use("a", name_of, limit_s=1)
    await sessions.close()


async def test_pools_of_one_account_share_its_connections_and_wake_each_other() -> None:
    opened = Opened()
    sharing = [Pool(opened, account="one"), Pool(opened, account="one"), Pool(opened, account="one")]
    other = Pool(Opened(), account="other")
    most = 0

    async def ask(sessions: Pool[Plain], key: str) -> None:
        nonlocal most
        await sessions.use(key, name_of, limit_s=1)
        most = max(most, opened.open)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            for number in range(60):
                tasks.start_soon(ask, sharing[number % 3], f"db{number % 4}")
        await other.use("a", name_of, limit_s=1)
    assert 2 < most <= pool.TOTAL
    for one in (*sharing, other):
        await one.close()
    assert opened.open == 0
