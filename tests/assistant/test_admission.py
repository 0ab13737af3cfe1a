"""Who may begin a turn: fair shares of an account's slots, what is refused, and what it costs to ask."""

from __future__ import annotations

import asyncio
import time

import pytest

from dbmedic.assistant.admission import Admission
from dbmedic.assistant.pressure import FEW, LATE_FOR_S, Pressure
from dbmedic.core.errors import Busy, Overloaded
from dbmedic.core.values import Caller


def who(user: str, key: str = "k", account: str = "a") -> Caller:
    return Caller(account=account, user="owner", key=key, app="ops", end_user=user)


async def soon(admission: Admission, caller: Caller, most: int) -> asyncio.Task[None]:
    """A question that waits for a slot."""
    task = asyncio.create_task(admission.enter(caller, most))
    await asyncio.sleep(0)
    return task


async def test_who_has_all_slots_is_refused_and_who_has_none_gets_the_next() -> None:
    admission = Admission(wait_s=5)
    for _ in range(4):
        await admission.enter(who("flood"), 4)
    with pytest.raises(Busy, match="turns of account a: at most 4 at once"):
        await admission.enter(who("flood"), 4)
    other = await soon(admission, who("other"), 4)
    assert (admission.running, admission.waiting) == (4, 1)
    admission.leave(who("flood"))
    await other
    assert (admission.running, admission.waiting) == (4, 0)
    with pytest.raises(Busy):
        await admission.enter(who("flood"), 4)


async def test_slots_go_round_by_key_then_by_user_and_nobody_overtakes() -> None:
    admission = Admission(wait_s=5)
    for name in ("a", "a", "b", "b"):
        await admission.enter(who(name, "one"), 4)
    order: list[str] = []

    async def ask(user: str, key: str) -> None:
        await admission.enter(who(user, key), 4)
        order.append(f"{key} {user}")

    tasks = []
    for user, key in (("c", "one"), ("d", "one"), ("x", "two"), ("y", "two"), ("z", "three")):
        tasks.append(asyncio.create_task(ask(user, key)))
        await asyncio.sleep(0)
    for name in ("a", "b", "a", "b"):
        admission.leave(who(name, "one"))
        await asyncio.sleep(0)
    # First the two keys that had nothing, then each in turn of those that had one.
    assert order == ["two x", "three z", "one c", "two y"]
    admission.leave(who("x", "two"))
    await asyncio.gather(*tasks)
    assert order[-1] == "one d"


async def test_a_user_may_wait_up_to_a_fair_share_and_no_further() -> None:
    admission = Admission(wait_s=5)
    for _ in range(4):
        await admission.enter(who("flood"), 4)
    waits = [await soon(admission, who("other"), 4) for _ in range(2)]
    with pytest.raises(Busy):
        await admission.enter(who("other"), 4)
    for task in waits:
        task.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    assert admission.waiting == 0


async def test_invented_users_fill_a_bounded_queue_of_their_key_and_leave_other_keys_their_place() -> None:
    admission = Admission(wait_s=5)
    for number in range(8):
        await admission.enter(who(f"u{number}", "flood"), 8)
    crowd = [asyncio.create_task(admission.enter(who(f"v{number}", "flood"), 8)) for number in range(2000)]
    await asyncio.sleep(0)
    assert admission.waiting == 8
    other = await soon(admission, who("person", "other"), 8)
    admission.leave(who("u0", "flood"))
    await other
    for task in crowd:
        task.cancel()
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert sum(isinstance(one, Busy) for one in outcomes) == 2000 - 8


async def test_a_slot_that_comes_as_the_wait_is_given_up_is_not_lost() -> None:
    admission = Admission(wait_s=5)
    await admission.enter(who("one"), 1)
    gives_up, stays = await soon(admission, who("two"), 1), await soon(admission, who("three"), 1)
    admission.leave(who("one"))
    gives_up.cancel()
    await asyncio.wait([gives_up])
    await stays
    assert (admission.running, admission.waiting) == (1, 0)
    admission.leave(who("three"))
    assert admission.running == 0


async def test_waiting_has_an_end_and_nobody_waits_where_nobody_may() -> None:
    admission = Admission(wait_s=0.03)
    await admission.enter(who("one"), 1)
    began = time.monotonic()
    with pytest.raises(Busy):
        await admission.enter(who("two"), 1)
    assert 0.02 < time.monotonic() - began < 2
    with pytest.raises(Busy):
        await Admission(wait_s=0).enter(who("two"), 0)
    admission.leave(who("one"))
    await admission.enter(who("two"), 1)


async def test_while_others_ask_a_quarter_of_the_slots_is_kept_for_them() -> None:
    at = 0.0
    admission = Admission(wait_s=5, now=lambda: at)
    for _ in range(8):  # alone: all of them
        await admission.enter(who("flood"), 8)
    waiting = await soon(admission, who("person"), 8)
    admission.leave(who("flood"))
    await waiting
    admission.leave(who("person"))
    with pytest.raises(Busy, match="one key or user of account a while others ask: at most 6 at once"):
        await admission.enter(who("flood"), 8)
    admission.leave(who("flood"))
    admission.leave(who("flood"))
    await admission.enter(who("flood"), 8)
    assert not admission.take(who("flood"), 8)
    for name in ("person", "another"):  # at once
        assert admission.take(who(name), 8)
        admission.leave(who(name))
    at = 61.0
    for _ in range(2):
        await admission.enter(who("flood"), 8)
    assert admission.running == 8


async def test_users_that_a_key_invents_share_what_one_key_may_have() -> None:
    admission = Admission()
    await admission.enter(who("person", "other"), 8)
    for number in range(6):
        await admission.enter(who(f"u{number}", "flood"), 8)
    with pytest.raises(Busy, match="while others ask"):
        await admission.enter(who("u7", "flood"), 8)
    await admission.enter(who("person", "other"), 8)


async def test_what_was_decided_goes_on_while_questions_are_refused() -> None:
    admission = Admission()
    for _ in range(4):
        await admission.enter(who("flood"), 4)
    admission.again(who("decided"), 4)
    with pytest.raises(Busy):
        admission.again(who("decided"), 4)
    assert admission.running == 5


async def test_accounts_do_not_share() -> None:
    admission = Admission()
    await admission.enter(who("u"), 1)
    await admission.enter(who("u", account="b"), 1)
    assert admission.running == 2


async def test_admission_costs_a_turn_next_to_nothing() -> None:
    admission = Admission(Pressure(late_s=1))
    caller = who("u")
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(500):
            await admission.enter(caller, 32)
            admission.leave(caller)
        best = min(best, (time.perf_counter() - began) / 500)
    assert best < 20e-6, f"{best * 1e6:.1f} µs"


def test_a_burst_is_let_through_and_a_loop_that_stays_late_is_not() -> None:
    pressure = Pressure(late_s=0.5)
    pressure.look(0.9, 10.0)
    pressure.check()
    pressure.look(0.1, 11.0)
    pressure.look(0.9, 12.0)
    pressure.look(0.9, 12.0 + LATE_FOR_S - 1)
    pressure.check()
    pressure.look(0.9, 12.0 + LATE_FOR_S)
    with pytest.raises(Overloaded, match=r"event loop is 0\.9 s late, at most 0\.5 s is in time; try again in 5 s"):
        pressure.check()
    pressure.look(0.1, 15.0)
    pressure.check()
    pressure.look(0.9, 16.0)  # again so soon: at once
    with pytest.raises(Overloaded):
        pressure.check()


async def test_when_it_gets_late_who_has_a_turn_running_gets_no_second_one() -> None:
    pressure = Pressure(late_s=0.5)
    admission = Admission(pressure)
    await admission.enter(who("other"), 8)
    await admission.enter(who("busy"), 8)
    for second in range(int(LATE_FOR_S) + 1):
        pressure.look(0.3, float(second))
    with pytest.raises(Overloaded, match=r"0\.3 s late, at most 0\.25 s is in time"):
        await admission.enter(who("busy"), 8)
    await admission.enter(who("third"), 8)
    pressure.look(0.2, LATE_FOR_S + 2)
    await admission.enter(who("busy"), 8)


async def test_who_is_alone_may_have_many_turns_though_it_gets_late() -> None:
    pressure = Pressure(late_s=0.5)
    admission = Admission(pressure)
    await admission.enter(who("only"), 8)
    for second in range(int(LATE_FOR_S) + 1):
        pressure.look(0.3, float(second))
    await admission.enter(who("only"), 8)


def test_a_late_loop_without_turns_is_not_their_fault() -> None:
    pressure = Pressure(late_s=0.5, turns=lambda: FEW - 1)
    for second in range(10):
        pressure.look(1.0, float(second))
    pressure.check()


def test_a_store_that_falls_behind_and_memory_that_runs_out_are_named_with_their_limits() -> None:
    shortage = {"writes": 0, "memory": 0}
    pressure = Pressure(
        most_writes=100,
        memory_bytes=200 << 20,
        connections=100,
        writes=lambda: shortage["writes"],
        memory=lambda: shortage["memory"],
    )
    pressure.look(9.0, 1.0)
    pressure.check()
    shortage["writes"] = 100
    pressure.look(0.0, 2.0)
    with pytest.raises(Overloaded, match="100 writes wait for the store, at most 100"):
        pressure.check()
    shortage.update(writes=0, memory=201 << 20)
    pressure.look(0.0, 3.0)
    with pytest.raises(Overloaded, match="201 MiB of memory, at most 200 MiB"):
        pressure.check()
    shortage["memory"], pressure.connected = 0, 90
    pressure.look(0.0, 4.0)
    with pytest.raises(Overloaded, match="90 connections are open, questions are taken up to 90"):
        pressure.check()
    pressure.connected = 89
    pressure.look(0.0, 5.0)
    pressure.check()
