"""Ids that clients make for their conversations, and branches of a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.playing import Script
from assistant.test_turns import CALLER, OTHER, ask, clock, new_id, turns
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.sessions import Sessions
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.values import Caller, Text
from dbmedic.store.sqlite import Sqlite, open_store

STRANGER = Caller(account="other", user="u", key="k3")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Sqlite]:
    opened = await open_store(tmp_path / "store.db")
    await opened.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
    yield opened
    await opened.close()


def sessions(store: Sqlite) -> Sessions:
    return Sessions(store, Conversations(store), now=clock, new_id=new_id)


async def test_a_session_stands_for_one_conversation_from_its_first_question_on(store: Sqlite) -> None:
    mine, talk = sessions(store), turns(store, Script([Text("a")]))
    id = await mine.begin("s1", CALLER, api="das")
    assert await mine.find("s1", CALLER, api="das") is None, "nothing was asked yet"
    running = await talk.ask(ask("one", conversation=id), begins=True)
    await running.closed.wait()
    assert running.conversation == id == await mine.begin("s1", CALLER, api="das")
    assert await mine.find("s1", CALLER, api="das") == id
    assert await mine.names([id, "x"], api="das") == {id: "s1", "x": "x"}
    assert await mine.names([id], api="polardb") == {id: id}
    assert await mine.find(id, CALLER, api="polardb") == id, "an own conversation is a session of every API"


async def test_the_same_name_is_another_session_for_another_owner_or_api(store: Sqlite) -> None:
    mine = sessions(store)
    whose = ((CALLER, "das"), (CALLER, "polardb"), (OTHER, "das"), (STRANGER, "das"))
    ids = {await mine.begin("s1", caller, api=api) for caller, api in whose}
    assert len(ids) == 4


async def test_many_at_once_begin_one_conversation(store: Sqlite) -> None:
    mine, talk = sessions(store), turns(store, Script([Text("a")]))

    async def asked(number: int) -> str:
        id = await mine.begin("s1", CALLER, api="das")
        running = await talk.ask(ask(f"q{number}", conversation=id), begins=True)
        await running.closed.wait()
        return running.conversation

    assert len({*await asyncio.gather(*(asked(number) for number in range(6)))}) == 1
    page = await Conversations(store).list(CALLER)
    assert len(page.rows) == 1


async def test_a_deleted_conversation_is_not_begun_again(store: Sqlite) -> None:
    mine, talk = sessions(store), turns(store, Script([Text("a")]))
    id = await mine.begin("s1", CALLER, api="das")
    await (await talk.ask(ask("one", conversation=id), begins=True)).closed.wait()
    await store.write(("delete_conversation", {"id": id, "now": 1}))
    assert await mine.find("s1", CALLER, api="das") is None
    with pytest.raises(NotFound):
        await talk.ask(ask("two", conversation=id), begins=True)
    with pytest.raises(NotFound):
        await talk.ask(ask("two", conversation=id))


async def test_nobody_begins_in_somebody_elses_conversation(store: Sqlite) -> None:
    talk = turns(store, Script([Text("a")]))
    running = await talk.ask(ask("one"))
    await running.closed.wait()
    for caller in (OTHER, STRANGER):
        with pytest.raises(NotFound):
            await talk.ask(ask("two", conversation=running.conversation, caller=caller), begins=True)


async def test_a_message_id_is_taken_once_until_it_is_forgotten(store: Sqlite) -> None:
    mine = sessions(store)
    await mine.first_time("c1", "m1")
    await mine.first_time("c2", "m1")
    with pytest.raises(BadField):
        await mine.first_time("c1", "m1")
    await mine.forget("c1", "m1")
    await mine.first_time("c1", "m1")


async def test_a_branch_knows_only_what_it_grew_from(store: Sqlite) -> None:
    model = Script([Text("a")])
    talk = turns(store, model)

    async def asked(text: str, **fields: object) -> str:
        running = await talk.ask(ask(text, **fields))
        await running.closed.wait()
        return running.id

    first = await talk.ask(ask("1"))
    await first.closed.wait()
    conversation = first.conversation
    second = await asked("2", conversation=conversation)
    third = await asked("3", conversation=conversation)
    branch = await asked("2b", conversation=conversation, parent=first.id)
    await asked("3b", conversation=conversation, parent=branch)
    await asked("4", conversation=conversation, parent=third)
    await asked("5", conversation=conversation)
    seen = [[one.question for one in request.history] for request in model.requests]
    assert seen == [
        [], ["1"], ["1", "2"], ["1"], ["1", "2b"], ["1", "2", "3"], ["1", "2", "3", "2b", "3b", "4"],
    ]  # fmt: skip
    elsewhere = await talk.ask(ask("other"))
    for parent in (elsewhere.id, "nothing"):
        with pytest.raises(NotFound):
            await talk.ask(ask("x", conversation=conversation, parent=parent))
    with pytest.raises(NotFound):
        await talk.ask(ask("x", parent=second))
