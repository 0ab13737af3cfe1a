"""Questions a minute: of a key, of its users, of one key in particular, and of all replicas together."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.assistant.accounts import first_start
from dbmedic.assistant.keys import Keys
from dbmedic.assistant.rates import MINUTE_S, Allowance, Rates, paced
from dbmedic.assistant.secrets import Secrets
from dbmedic.bus.redis import Redis
from dbmedic.core.errors import BadField, NotFound, TooOften
from dbmedic.core.values import Caller
from dbmedic.store.sqlite import Sqlite, open_store
from fix_servers import Server


class Clock:
    at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Sqlite]:
    opened = await open_store(tmp_path / "store.db")
    yield opened
    await opened.close()


def who(user: str = "u", key: str = "k") -> Caller:
    return Caller(account="default", user="owner", key=key, app="ops", end_user=user)


async def asked(rates: Rates, caller: Caller, times: int) -> int:
    """How many of so many questions were let through."""
    passed = 0
    for _ in range(times):
        if rates.limited(caller):
            try:
                await rates.take(caller)
            except TooOften:
                continue
        passed += 1
    return passed


async def test_as_many_at_once_as_in_a_minute_then_one_at_a_time(store: Sqlite) -> None:
    clock = Clock()
    rates = Rates(store, now=clock, key_rate=6)
    assert await asked(rates, who(), 10) == 6
    with pytest.raises(TooOften, match=r"key k: at most 6 questions a minute; try again in 10 s") as refused:
        await rates.take(who())
    assert refused.value.retry_after_s == 10
    clock.at += 10
    assert await asked(rates, who(), 3) == 1
    clock.at += 3600
    assert await asked(rates, who(), 10) == 6
    assert await asked(rates, who(key="other"), 10) == 6


async def test_a_user_who_asks_too_often_takes_nothing_from_the_key(store: Sqlite) -> None:
    rates = Rates(store, now=Clock(), key_rate=10, user_rate=4)
    assert await asked(rates, who("loud"), 50) == 4
    assert rates.allowance(who("quiet")) == Allowance(4, 4, 0.0)
    assert await asked(rates, who("quiet"), 50) == 4
    assert rates.allowance(who("third")) == Allowance(10, 2, 48.0)
    with pytest.raises(TooOften, match="user loud: at most 4 questions a minute; try again in 15 s"):
        await rates.take(who("loud"))


async def test_without_limits_nobody_is_counted(store: Sqlite) -> None:
    rates = Rates(store, now=Clock())
    assert not rates.limited(who())
    assert rates.allowance(who()) is None
    person = Caller(account="default", user="owner", key="k")
    assert not Rates(store, now=Clock(), user_rate=5).limited(person)


async def test_a_key_has_a_limit_of_its_own_which_every_server_learns(store: Sqlite) -> None:
    await first_start(store, Secrets(bytes(32), os.urandom), max_turns=8, now=now, new_id=new_id)
    keys = Keys(store, now=now, new_id=new_id, random=os.urandom)
    mine = (await keys.create(app="ops")).id
    clock = Clock()
    here, there = Rates(store, now=clock, key_rate=2), Rates(store, now=clock, key_rate=2)
    for rates in (here, there):
        await rates.refresh()
        assert await asked(rates, who(key=mine), 9) == 2
    await here.set(mine, 5, "default")
    await there.refresh()
    assert await there.own() == {mine: 5}
    assert await asked(there, who(key=mine), 9) == 0  # what was spent stays spent
    clock.at += 60
    assert await asked(there, who(key=mine), 9) == 5
    await here.set(mine, 0, "default")
    await there.refresh()
    assert await asked(there, who(key=mine), 99) == 99
    await here.set(mine, None, "default")
    await there.refresh()
    assert there.limited(who(key=mine))
    with pytest.raises(NotFound):
        await here.set("nobody", 5, "default")
    with pytest.raises(BadField, match="from 0"):
        await here.set(mine, -1, "default")


async def test_a_limit_holds_across_replicas_and_each_keeps_it_alone_while_the_bus_is_away(
    store: Sqlite, redis: Server
) -> None:
    prefix = f"{new_id()}:"
    buses = [Redis(redis.url, name, prefix=prefix) for name in "ab"]
    replicas = [Rates(store, now=time.monotonic, key_rate=6, user_rate=4, bus=bus) for bus in buses]
    try:
        passed = [await asked(replicas[number % 2], who("loud"), 1) for number in range(8)]
        assert passed == [1, 1, 1, 1, 0, 0, 0, 0]
        assert sum([await asked(replicas[number % 2], who("quiet"), 1) for number in range(8)]) == 2
        with pytest.raises(TooOften, match=r"key k: at most 6 questions a minute; try again in \d+ s"):
            await replicas[1].take(who("quiet"))
        left = replicas[1].allowance(who("quiet"))
        assert left is not None
        assert (left.limit, left.remaining) == (6, 0)
    finally:
        for bus in buses:
            await bus.close()
    nobody = Redis("redis://127.0.0.1:1/0", "c")
    alone = Rates(store, now=time.monotonic, key_rate=1, bus=nobody)
    try:
        assert await asked(alone, who(), 2) == 1
    finally:
        await nobody.close()


@given(
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
    st.integers(1, 500),
)
def test_no_minute_has_more_than_twice_the_limit_and_none_less_than_it(gaps: list[float], rate: int) -> None:
    at, full_at, passed = 0.0, 0.0, list[float]()
    for gap in gaps:
        at += gap
        taken, (left,) = paced([full_at - at], [rate])
        full_at = at + left
        assert 0 <= left <= MINUTE_S + 1e-6
        if taken:
            passed.append(at)
        else:
            assert sum(moment > at - MINUTE_S for moment in passed) >= rate
    for start in passed:
        assert sum(start <= moment < start + MINUTE_S for moment in passed) <= 2 * rate


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())
