"""The model is asked while the question is on its way to the disk; what cannot be kept never happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from tests.agent.playing import Script
from tests.assistant.test_turns import ask, store, text_of, turns

from dbmedic.core.errors import StoreLocked
from dbmedic.core.values import Text
from dbmedic.store.sqlite import Sqlite, open_store

__all__ = ["store"]


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[tuple[Sqlite, apsw.Connection]]:
    """A store, and another process's connection that can take its write lock."""
    opened = await open_store(tmp_path / "store.db", wait_s=0.05)
    await opened.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
    other = apsw.Connection(str(tmp_path / "store.db"))
    yield opened, other
    other.close()
    await opened.close()


async def test_a_question_that_cannot_be_kept_is_refused_and_leaves_nothing_behind(
    locked: tuple[Sqlite, apsw.Connection],
) -> None:
    kept, other = locked
    mine = turns(kept, Script([Text("heard")]), limit=1)
    other.execute("begin immediate")
    with pytest.raises(StoreLocked):
        await mine.ask(ask())
    other.execute("rollback")
    async with asyncio.timeout(2):
        while mine.running:
            await asyncio.sleep(0.01)
    assert other.execute("select count(*) from turns").get == 0
    running = await mine.ask(ask())  # the slot is free again
    await running.closed.wait()
    assert await text_of(mine, running.id) == "heard"


async def test_an_answer_that_is_there_before_its_question_is_kept_comes_behind_it(
    locked: tuple[Sqlite, apsw.Connection],
) -> None:
    kept, other = locked
    mine = turns(kept, Script([Text("at once")]))
    other.execute("begin immediate")
    asking = asyncio.create_task(mine.ask(ask()))
    await asyncio.sleep(0.02)
    assert not asking.done()
    other.execute("rollback")
    running = await asking
    await running.closed.wait()
    assert [seq for (seq,) in other.execute("select seq from events order by rowid")] == list(
        range(1, running.entries[-1].seq + 1)
    )
