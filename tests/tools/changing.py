"""A desk for changes: turns over a store in a file, a scripted model, one real server and keys that may approve."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.agent.playing import Script

from dbmedic.agent.turn import REPLIES
from dbmedic.assistant.approvals import Approval, Approvals
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.live import Running
from dbmedic.assistant.turns import Turns
from dbmedic.assistant.watch import Only, Watch
from dbmedic.core.events import Event, ToolReturned, TurnClosed
from dbmedic.core.values import Call, Caller, Instance, Question, Text
from dbmedic.engines import open_engine, open_writer
from dbmedic.metrics import open_metrics
from dbmedic.store.sqlite import Sqlite, open_store
from dbmedic.tools import tools

ASKER = Caller(account="default", user="u", key="asks")
FIRST = Caller(account="default", user="a", key="first", rights=("ask", "approve"))
SECOND = Caller(account="default", user="b", key="second", rights=("approve",))
ADMIN = Caller(account="default", user="c", key="admin", rights=("ask", "approve", "administer"))


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Desk:
    """Turns over a store in a file, a scripted model and one real server."""

    def __init__(self, store: Sqlite, instance: Instance, clock: Clock, *calls: Call) -> None:
        self.store, self.clock, self.instance = store, clock, instance
        self.approvals = Approvals(store, now=clock)
        self.watch = Watch(Only(instance), open_engine, open_metrics(), open_writer)
        replies: list[Any] = [[*calls], [Text("all done")]] + [[Text("more")]] * (REPLIES - 2)
        self.turns = self.served(Script(*replies))

    def served(self, model: Script) -> Turns:
        """What a process has; another one shares the store only."""
        return Turns(
            self.store,
            Conversations(self.store),
            self.watch,
            {"script": model},
            tools(),
            now=self.clock,
            new_id=lambda: str(uuid.uuid4()),
            approvals=self.approvals,
        )

    async def asked(self, **fields: Any) -> Running:
        """A question that was answered as far as it gets without a person."""
        question = Question(**{"text": "please", "caller": ASKER, "api": "dify", **fields})
        running = await self.turns.ask(question)
        async with asyncio.timeout(40):
            await running.closed.wait()
            await asyncio.sleep(0)
        return running

    async def pending(self) -> Approval:
        (found,) = await self.approvals.asked(ADMIN, status="pending")
        return found

    async def ended(self, turn: str) -> list[Event]:
        """The log of a turn once it is closed."""
        async with asyncio.timeout(30):
            while True:
                events = [entry.event for entry in await Conversations(self.store).entries(turn)]
                if isinstance(events[-1], TurnClosed):
                    return events
                await asyncio.sleep(0.02)


def result(events: list[Event]) -> ToolReturned:
    return next(event for event in events if isinstance(event, ToolReturned))


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Sqlite]:
    opened = await open_store(tmp_path / "store.db")
    await opened.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
    yield opened
    await opened.close()


Open = Callable[..., Desk]


@pytest.fixture
async def postgres_desk(store, postgres) -> AsyncIterator[Open]:
    postgres.run(
        "create table orders (id int primary key, customer int)",
        "insert into orders select g, g from generate_series(1, 500) g",
    )
    async for opened in desks(store, postgres.url):
        yield opened


@pytest.fixture
async def mariadb_desk(store, mariadb) -> AsyncIterator[Open]:
    mariadb.run("create table orders (id int primary key, customer int)")
    async for opened in desks(store, mariadb.url):
        yield opened


async def desks(store: Sqlite, url: str) -> AsyncIterator[Open]:
    made: list[Desk] = []

    def opened(*calls: Call, write_url: str | None = url) -> Desk:
        made.append(Desk(store, Instance(id="db", url=url, write_url=write_url), Clock(), *calls))
        return made[-1]

    yield opened
    for desk in made:
        await desk.turns.end(0)
        await desk.watch.close()


def index_on(schema: str) -> Call:
    args = {"instance": "db", "table": f"{schema}.orders", "columns": ["customer"], "purpose": "orders page"}
    return Call("k1", "create_index", args)


def indexes(postgres) -> list[str]:
    return [row[0] for row in postgres.run("select indexname from pg_indexes where tablename = 'orders' order by 1")]
