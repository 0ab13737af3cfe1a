"""Ask, follow, stop, recover: the life of a turn over a real store."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.agent.playing import Script

from dbmedic.assistant import turns as turns_module
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.turns import Limits, Turns
from dbmedic.assistant.watch import Only, Watch
from dbmedic.core.errors import BadField, Busy, NotFound, TooLarge, UnknownInstance
from dbmedic.core.events import Answered, AnswerGrew, Entry, ModelCalled, TurnClosed, TurnOpened
from dbmedic.core.log import micros
from dbmedic.core.values import Caller, Instance, Question, Text
from dbmedic.store.sqlite import Sqlite, open_store

CALLER = Caller(account="default", user="u", key="k")
OTHER = Caller(account="default", user="v", key="k2")


def clock() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Sqlite]:
    opened = await open_store(tmp_path / "store.db")
    await opened.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
    yield opened
    await opened.close()


def turns(store: Sqlite, model: Script, limit: int = 8, seconds: float = 60) -> Turns:
    watch = Watch(Only(Instance(id="rm-1", url="postgresql://nobody@127.0.0.1:1/x")), open_nothing, None)  # type: ignore[arg-type]
    return Turns(
        store,
        Conversations(store),
        watch,
        {"script": model},
        {},
        now=clock,
        new_id=new_id,
        limits=Limits(limit, seconds),
    )


def open_nothing(instance: Instance) -> None:
    raise AssertionError(instance)


def ask(text: str = "why?", **fields: object) -> Question:
    return Question(text=text, **{"caller": CALLER, "api": "test", **fields})  # type: ignore[arg-type]


async def text_of(turns: Turns, turn: str, caller: Caller = CALLER) -> str:
    said = [entry.event async for batch in turns.batches(turn, caller) for entry in batch]
    return "".join(event.text for event in said if isinstance(event, Answered))


async def test_an_answer_reads_the_same_live_and_from_the_store(store: Sqlite) -> None:
    mine = turns(store, Script([Text("It is "), Text("the index.")]))
    running = await mine.ask(ask())
    live = [entry async for entry in running.follow()]
    kept = [entry async for batch in mine.batches(running.id, CALLER) for entry in batch]
    assert await text_of(mine, running.id) == "It is the index."
    assert [entry for entry in live if entry.event in [one.event for one in kept]] == kept
    assert mine.running == 0


async def test_whoever_hangs_up_does_not_stop_the_turn(store: Sqlite) -> None:
    mine = turns(store, Script([Text("a"), 0.05, Text("b")]))
    running = await mine.ask(ask())
    async for _ in running.follow():
        break
    await running.closed.wait()
    assert await text_of(mine, running.id) == "ab"


async def test_a_stop_keeps_what_was_said_and_frees_the_slot_at_once(store: Sqlite) -> None:
    mine = turns(store, Script([Text("half"), 30.0]), limit=1)
    running = await mine.ask(ask())
    await asyncio.sleep(0.02)
    assert not await mine.stop(running.run, OTHER)
    assert await mine.stop(running.run, CALLER)
    async with asyncio.timeout(1):
        await running.closed.wait()
    assert await text_of(mine, running.id) == "half"
    closed = (await Conversations(store).entries(running.id))[-1].event
    assert isinstance(closed, TurnClosed)
    assert closed.reason == "stopped"
    await asyncio.sleep(0)
    assert not await mine.stop(running.run, CALLER)
    await mine.ask(ask())


async def test_a_stop_before_the_first_step_is_heeded(store: Sqlite) -> None:
    mine = turns(store, Script([30.0]))
    running = await mine.ask(ask())
    assert await mine.stop(running.run, CALLER)
    async with asyncio.timeout(1):
        await running.closed.wait()


async def test_the_limit_of_an_account_is_busy_and_leaves_others_alone(store: Sqlite) -> None:
    mine = turns(store, Script([30.0]), limit=2)
    await mine.ask(ask())
    await mine.ask(ask())
    with pytest.raises(Busy, match="at most 2"):
        await mine.ask(ask())
    await store.write(("account_put_new", {"id": "b", "name": "b", "max_turns": 8, "now": 1}))
    other = await mine.ask(ask(caller=Caller(account="b", user="w", key="k3")))
    await mine.end(0)
    assert other.turn.closed == "interrupted"


@pytest.mark.parametrize(
    ("question", "error"),
    [
        (ask("  "), BadField),
        (ask("x" * 100_001), TooLarge),
        (ask(model="gpt-none"), BadField),
        (ask(instance="rm-2"), UnknownInstance),
        (ask(conversation=str(uuid.uuid4())), NotFound),
    ],
)
async def test_a_bad_question_is_refused_before_a_turn_opens(
    store: Sqlite, question: Question, error: type[Exception]
) -> None:
    mine = turns(store, Script([Text("never")]))
    with pytest.raises(error):
        await mine.ask(question)
    assert await store.read("open_turns") == []
    assert mine.running == 0


async def test_a_conversation_goes_on_for_its_owner_only_and_the_model_hears_it(store: Sqlite) -> None:
    model = Script([Text("first")])
    mine = turns(store, model)
    first = await mine.ask(ask("one?", inputs={"instance": "rm-1"}))
    await first.closed.wait()
    second = await mine.ask(ask("two?", conversation=first.conversation))
    await second.closed.wait()
    assert [(one.question, one.answer) for one in model.requests[1].history] == [("one?", "first")]
    with pytest.raises(NotFound):
        await mine.ask(ask(conversation=first.conversation, caller=OTHER))
    with pytest.raises(NotFound):
        await text_of(mine, first.id, OTHER)
    page = await Conversations(store).messages(first.conversation, CALLER, limit=1)
    assert page.has_more
    assert [log[0].turn for log in page.rows] == [second.id]
    older = await Conversations(store).messages(first.conversation, CALLER, before=second.id, limit=1)
    assert not older.has_more
    assert [log[0].turn for log in older.rows] == [first.id]
    listed = await Conversations(store).list(CALLER)
    assert [(one.name, one.inputs) for one in listed.rows] == [("one?", {"instance": "rm-1"})]


async def test_a_second_question_waits_for_the_first_and_gives_up_in_time(
    store: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = turns(store, Script([Text("a"), 0.1, Text("b")]))
    first = await mine.ask(ask())
    second = await mine.ask(ask(conversation=first.conversation))
    assert first.turn.closed == "done"
    assert second.opened_at >= first.entries[-1].at
    monkeypatch.setattr(turns_module, "PATIENCE_S", 0.02)
    with pytest.raises(Busy, match="conversation"):
        await mine.ask(ask(conversation=first.conversation))
    await second.closed.wait()


async def test_what_a_killed_server_left_open_is_closed_as_interrupted_with_what_was_said(store: Sqlite) -> None:
    opened = TurnOpened(turn=new_id(), conversation=new_id(), run=new_id(), question=ask(), opens=True)
    at = clock()
    fields = {"account": "default", "owner": CALLER.owner, "app": None, "api": "test", "now": micros(at)}
    log = [
        Entry(opened.turn, 1, at, opened),
        Entry(opened.turn, 2, at, ModelCalled(reply=1, model="script")),
        Entry(opened.turn, 3, at, AnswerGrew(reply=1, start=0, text="The disk is")),
    ]
    await store.append(
        log,
        ("open_conversation", {"id": opened.conversation, "name": "why?", "inputs": "{}", **fields}),
        ("open_turn", {"id": opened.turn, "conversation": opened.conversation, "run": "r", "parent": None, **fields}),
    )
    mine = turns(store, Script())
    assert await mine.recover() == 1
    assert await mine.recover() == 0
    entries = await Conversations(store).entries(opened.turn)
    assert entries[3].event == Answered(reply=1, text="The disk is")
    assert isinstance(entries[4].event, TurnClosed)
    assert entries[4].event.reason == "interrupted"
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]


async def test_shutdown_waits_for_turns_then_closes_the_rest_as_interrupted(store: Sqlite) -> None:
    mine = turns(store, Script([Text("a"), 0.05]))
    quick = await mine.ask(ask())
    await mine.end(1)
    assert quick.turn.closed == "done"
    with pytest.raises(Busy, match="shutting down"):
        await mine.ask(ask())


async def test_a_turn_that_takes_too_long_is_closed_at_its_limit_with_what_was_said(store: Sqlite) -> None:
    mine = turns(store, Script([Text("half"), 30.0]), seconds=0.05)
    running = await mine.ask(ask())
    async with asyncio.timeout(2):
        await running.closed.wait()
    assert running.turn.closed == "limit"
    assert await text_of(mine, running.id) == "half"
