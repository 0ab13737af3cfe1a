"""A running turn: what followers see, when, and what reaches the store."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from dbmedic.assistant import live
from dbmedic.assistant.live import Running
from dbmedic.core.errors import Bug, Unreachable
from dbmedic.core.events import (
    AnswerDelta,
    Answered,
    AnswerGrew,
    ApprovalRequested,
    Entry,
    Event,
    StopRequested,
    TurnClosed,
    TurnOpened,
)
from dbmedic.core.values import Caller, Question, Usage

QUESTION = Question(text="why?", caller=Caller(account="a", user="u", key="k"), api="test")
OPENED = TurnOpened(turn="t", conversation="c", run="r", question=QUESTION, opens=True)
CLOSED = TurnClosed(reason="done", usage=Usage())
ASKED = ApprovalRequested(
    call="k",
    round=1,
    tool="change",
    args={},
    instance="i",
    statement="vacuum t",
    risk="",
    description="",
    until=datetime.now(UTC) + timedelta(minutes=15),
)


def clock() -> datetime:
    return datetime.now(UTC)


class Shelf:
    """A store port that takes its time, or is gone."""

    def __init__(self, pause_s: float = 0.0, gone: bool = False) -> None:
        self.pause_s, self.gone = pause_s, gone
        self.taken = False
        """Whether another server has added to the log."""
        self.entries: list[Entry] = []
        self.writes: list[str] = []

    async def append(self, entries: Sequence[Entry], /, *writes: tuple[str, dict[str, Any]]) -> None:
        await asyncio.sleep(self.pause_s)
        if self.gone:
            raise Unreachable("no store")
        if self.taken:
            raise Bug("these numbers are there already")
        self.entries += entries
        self.writes += [name for name, _ in writes]

    def kinds(self) -> list[str]:
        return [type(entry.event).__name__ for entry in self.entries]

    async def holds(self, count: int) -> None:
        """Returns once it was given so many entries."""
        async with asyncio.timeout(10):
            while len(self.entries) < count:
                await asyncio.sleep(0.005)


def running(shelf: Shelf) -> Running:
    return Running(OPENED, clock(), shelf, clock)  # type: ignore[arg-type]


async def heard(log: Running) -> list[Event]:
    return [entry.event async for entry in log.follow()]


async def test_two_followers_hear_the_same_whenever_they_come() -> None:
    log = running(Shelf())
    early = asyncio.create_task(heard(log))
    await log.say(AnswerDelta(1, "a"))
    await asyncio.sleep(0)
    late = asyncio.create_task(heard(log))
    await log.say(AnswerDelta(1, "b"))
    await log.say(Answered(reply=1, text="ab"))
    await log.say(CLOSED)
    assert await early == await late == await heard(log)
    assert [type(event).__name__ for event in await early] == [
        "TurnOpened", "AnswerDelta", "AnswerDelta", "Answered", "TurnClosed",
    ]  # fmt: skip


async def test_the_end_is_shown_only_when_the_whole_turn_is_on_disk() -> None:
    shelf = Shelf(pause_s=0.05)
    log = running(shelf)
    await log.say(Answered(reply=1, text="x"))
    closing = asyncio.create_task(log.say(CLOSED))
    await asyncio.sleep(0.01)
    assert not log.closed.is_set()
    await closing
    assert shelf.kinds() == ["Answered", "TurnClosed"]
    assert shelf.writes == ["close_turn", "touch_conversation"]


async def test_no_token_is_a_row_but_a_pause_loses_at_most_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "GROW_S", 0.03)
    shelf = Shelf()
    log = running(shelf)
    for letter in "abc":
        await log.say(AnswerDelta(1, letter))
    await shelf.holds(1)
    await log.say(AnswerDelta(1, "d"))
    await shelf.holds(2)
    assert [entry.event for entry in shelf.entries] == [
        AnswerGrew(reply=1, start=0, text="abc"),
        AnswerGrew(reply=1, start=3, text="d"),
    ]
    await log.say(Answered(reply=1, text="abcd"))
    await log.say(CLOSED)
    assert shelf.kinds()[2:] == ["Answered", "TurnClosed"]


async def test_a_turn_that_ended_is_gone_at_once_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        for last in (CLOSED, None):
            log = running(Shelf())
            told: list[str] = []
            log.when_closed(lambda ended, told=told: told.append(ended.id))  # type: ignore[misc]
            await log.say(AnswerDelta(1, "x" * 2 * live.GROW_CHARS))
            await log.say(AnswerDelta(1, "y"))
            await (log.pause() if last is None else log.say(last))
            await asyncio.sleep(0.01)
            seen = weakref.ref(log)
            del log
            assert told == ["t"]
            assert seen() is None
    finally:
        gc.enable()


async def test_a_long_burst_is_kept_without_waiting_for_the_second() -> None:
    shelf = Shelf()
    log = running(shelf)
    await log.say(AnswerDelta(1, "x" * live.GROW_CHARS))
    await asyncio.sleep(0.01)
    assert shelf.kinds() == ["AnswerGrew"]


async def test_numbers_run_from_one_without_gaps_over_kept_events() -> None:
    shelf = Shelf()
    log = running(shelf)
    await log.say(AnswerDelta(1, "a"))
    await log.say(Answered(reply=1, text="a"))
    await log.say(CLOSED)
    assert [entry.seq for entry in shelf.entries] == [2, 3]
    assert [entry.seq for entry in log.entries] == [1, 1, 2, 3]


async def test_a_store_that_is_gone_does_not_keep_followers_waiting() -> None:
    log = running(Shelf(gone=True))
    await log.say(Answered(reply=1, text="a"))
    await log.say(CLOSED)
    assert [type(event).__name__ for event in await heard(log)] == ["TurnOpened", "Answered", "TurnClosed"]


async def test_a_follower_that_hangs_up_leaves_the_others_and_the_turn_alone() -> None:
    log = running(Shelf())
    gone, stays = asyncio.create_task(heard(log)), asyncio.create_task(heard(log))
    await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await log.say(CLOSED)
    assert len(await stays) == 2


async def test_a_form_that_is_answered_at_once_is_found() -> None:
    """The decision came back as 404: the request was shown, and stored, before the row that is decided."""
    shelf = Shelf(pause_s=0.02)
    log = running(shelf)

    async def person() -> list[bool]:
        events = log.follow()
        return ["approval_put" in shelf.writes async for one in events if isinstance(one.event, ApprovalRequested)]

    looking = asyncio.create_task(person())
    await log.say(Answered(reply=1, text="I would.", final=False))
    await log.say(ASKED)
    await log.say(msgspec.structs.replace(ASKED, call="another"))
    await asyncio.sleep(live.FLUSH_S + 0.03)
    assert shelf.kinds() == ["Answered"], "a reader of the store sees no more than a follower"
    await log.pause(("approval_put", {}), ("pause_turn", {}))
    assert await looking == [True, True]
    assert shelf.kinds() == ["Answered", "ApprovalRequested", "ApprovalRequested"]


async def test_a_turn_that_is_stopped_before_it_waits_shows_and_keeps_its_whole_log() -> None:
    shelf = Shelf()
    log = running(shelf)
    for event in (ASKED, StopRequested(by="k"), CLOSED):
        await log.say(event)
    assert [type(event).__name__ for event in (await heard(log))[1:]] == shelf.kinds()
    assert [entry.seq for entry in shelf.entries] == [2, 3, 4]


async def test_a_request_that_cannot_be_kept_is_said_to_have_failed() -> None:
    log = running(shelf := Shelf(gone=True))
    await log.say(ASKED)
    with pytest.raises(Unreachable):
        await log.pause(("approval_put", {}))
    assert not log.closed.is_set()
    shelf.gone = False
    await log.say(CLOSED)
    assert shelf.entries == [], "nothing comes behind a gap"
    assert [type(event).__name__ for event in await heard(log)][-1] == "TurnClosed"


async def test_a_stream_went_on_for_ever_when_another_server_had_ended_the_turn() -> None:
    log = running(shelf := Shelf())
    early = asyncio.create_task(heard(log))
    await log.say(Answered(reply=1, text="I would.", final=False))
    shelf.taken = True
    await log.say(ASKED)
    with pytest.raises(Bug):
        await log.kept()  # so no change is run that was granted
    with pytest.raises(Bug):
        await log.say(CLOSED)
    kinds = [type(event).__name__ for event in await asyncio.wait_for(early, 1)]
    assert kinds == ["TurnOpened", "Answered"], "what nobody can decide is not shown, and an end that was none neither"
