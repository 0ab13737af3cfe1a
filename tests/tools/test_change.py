"""Changes on real servers: nothing without a grant; with one exactly that, once, and its effect measured."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.agent.playing import Script

from dbmedic.agent.turn import REPLIES
from dbmedic.assistant.approvals import Approval, Approvals, Decided, Rule
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.live import Running
from dbmedic.assistant.turns import Turns
from dbmedic.assistant.watch import Only, Watch
from dbmedic.core.errors import BadField, Forbidden, NotFound
from dbmedic.core.events import ApprovalDecided, ApprovalRequested, Event, Measured, ToolReturned, TurnClosed
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
        question = Question(text="please", **{"caller": ASKER, "api": "dify", **fields})
        running = await self.turns.ask(question)
        async with asyncio.timeout(20):
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


async def test_a_granted_index_is_built_once_and_its_effect_is_measured(postgres_desk, postgres):
    desk = postgres_desk(index_on("public"))
    running = await desk.asked()
    assert indexes(postgres) == ["orders_pkey"]
    asked = await desk.pending()
    assert asked.request.statement == "create index concurrently orders_customer_idx on public.orders (customer)"
    decided = await desk.approvals.decide(asked.id, FIRST, granted=True)
    assert decided.status == "approved"
    await desk.turns.sweep()
    events = await desk.ended(running.id)
    assert indexes(postgres) == ["orders_customer_idx", "orders_pkey"]
    assert "is there and valid" in result(events).content
    assert "drop index concurrently public.orders_customer_idx" in result(events).content
    measure = next(event.measure for event in events if isinstance(event, Measured))
    assert measure.values["indexes"] == 1
    await desk.turns.sweep()
    assert len([event for event in events if isinstance(event, ToolReturned)]) == 1


async def test_a_granted_index_is_built_on_mariadb(mariadb_desk, mariadb):
    desk = mariadb_desk(index_on(mariadb.name))
    running = await desk.asked()
    await desk.approvals.decide((await desk.pending()).id, FIRST, granted=True)
    await desk.turns.sweep()
    assert "is there and valid" in result(await desk.ended(running.id)).content
    names = mariadb.run("select distinct index_name from information_schema.statistics where table_schema = database()")
    assert ("orders_customer_idx",) in names


async def test_what_a_person_refuses_is_not_done_and_the_model_reads_why(postgres_desk, postgres):
    desk = postgres_desk(index_on("public"))
    running = await desk.asked()
    await desk.approvals.decide((await desk.pending()).id, FIRST, granted=False, comment="not today")
    await desk.turns.sweep()
    returned = result(await desk.ended(running.id))
    assert not returned.ok
    assert "not today" in returned.content
    assert indexes(postgres) == ["orders_pkey"]


async def test_a_conversation_that_is_read_only_asks_nobody(postgres_desk, postgres):
    desk = postgres_desk(index_on("public"))
    running = await desk.asked(approval="read_only")
    assert "read only" in result(await desk.ended(running.id)).content
    assert await desk.approvals.asked(ADMIN) == []
    assert indexes(postgres) == ["orders_pkey"]


async def test_only_a_key_that_may_approve_decides_and_only_once(postgres_desk):
    desk = postgres_desk(index_on("public"))
    await desk.asked()
    asked = await desk.pending()
    with pytest.raises(Forbidden):
        await desk.approvals.decide(asked.id, ASKER, granted=True)
    stranger = msgspec.structs.replace(FIRST, account="other")
    with pytest.raises(NotFound):
        await desk.approvals.decide(asked.id, stranger, granted=True)
    elsewhere = msgspec.structs.replace(FIRST, instances=("another",))
    with pytest.raises(NotFound):
        await desk.approvals.decide(asked.id, elsewhere, granted=True)
    both = [desk.approvals.decide(asked.id, who, granted=who is FIRST) for who in (FIRST, SECOND)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(outcome, Decided) for outcome in outcomes) == 1
    events = [entry.event for entry in await Conversations(desk.store).entries(asked.turn)]
    assert sum(isinstance(event, ApprovalDecided) for event in events) == 1


async def test_a_dangerous_class_needs_two_people_when_a_rule_says_so(postgres_desk, postgres):
    postgres.run("create index spare on orders (customer)")
    drop = {"instance": "db", "table": "orders", "index": "spare", "purpose": "unused"}
    desk = postgres_desk(Call("k1", "drop_index", drop))
    await desk.approvals.put_rule(Rule(name="two", effect="two", kinds=("drop_index",), instances=("*",)), ADMIN)
    running = await desk.asked(approval="auto")
    asked = await desk.pending()
    assert (await desk.approvals.decide(asked.id, FIRST, granted=True)).status == "pending"
    with pytest.raises(BadField, match="another person"):
        await desk.approvals.decide(asked.id, FIRST, granted=True)
    await desk.turns.sweep()
    assert "spare" in indexes(postgres)
    assert (await desk.approvals.decide(asked.id, SECOND, granted=True)).status == "approved"
    await desk.turns.sweep()
    events = await desk.ended(running.id)
    assert "CREATE INDEX CONCURRENTLY spare" in result(events).content
    assert "spare" not in indexes(postgres)


async def test_a_rule_grants_named_classes_on_named_instances_only_in_mode_auto(postgres_desk):
    work = {"instance": "db", "table": "orders", "work": "analyze", "purpose": "stale"}
    desk = postgres_desk(Call("k1", "maintain", work))
    with pytest.raises(BadField, match="one by one"):
        await desk.approvals.put_rule(Rule(name="all", effect="grant", kinds=("analyze",), instances=("*",)), ADMIN)
    with pytest.raises(Forbidden):
        await desk.approvals.put_rule(Rule(name="r", effect="grant", kinds=("analyze",), instances=("db",)), FIRST)
    await desk.approvals.put_rule(Rule(name="r", effect="grant", kinds=("analyze",), instances=("db",)), ADMIN)
    running = await desk.asked(approval="auto")
    events = await desk.ended(running.id)
    decided = next(event for event in events if isinstance(event, ApprovalDecided))
    assert (decided.granted, decided.by, decided.how) == (True, "r", "policy")
    assert result(events).ok
    desk.turns = desk.served(Script([Call("k1", "maintain", work)], [Text("done")]))
    await desk.asked(approval="manual")
    assert (await desk.pending()).request.kind == "analyze"


async def test_an_approval_that_nobody_decides_in_time_closes_its_turn(postgres_desk, postgres):
    desk = postgres_desk(index_on("public"))
    running = await desk.asked()
    asked = await desk.pending()
    desk.clock.ahead = timedelta(minutes=16)
    with pytest.raises(Decided, match="expired"):
        await desk.approvals.decide(asked.id, FIRST, granted=True)
    await desk.turns.sweep()
    events = await desk.ended(running.id)
    assert events[-1].reason == "expired"  # type: ignore[union-attr]
    assert indexes(postgres) == ["orders_pkey"]


async def test_a_grant_is_worth_nothing_after_its_time(postgres_desk, postgres):
    desk = postgres_desk(index_on("public"))
    running = await desk.asked()
    await desk.approvals.decide((await desk.pending()).id, FIRST, granted=True)
    desk.clock.ahead = timedelta(minutes=16)
    await desk.turns.resume(running.id, "test")
    returned = result(await desk.ended(running.id))
    assert "the grant ended" in returned.content
    assert indexes(postgres) == ["orders_pkey"]


async def test_the_next_question_ends_what_waits(postgres_desk, postgres):
    desk = postgres_desk(index_on("public"))
    running = await desk.asked()
    asked = await desk.pending()
    desk.turns = desk.served(Script([Text("something else")]))
    await desk.asked(conversation=running.conversation)
    assert (await desk.ended(running.id))[-1].reason == "expired"  # type: ignore[union-attr]
    with pytest.raises(Decided, match="superseded"):
        await desk.approvals.decide(asked.id, FIRST, granted=True)
    assert indexes(postgres) == ["orders_pkey"]


async def test_stopping_a_turn_that_waits_closes_it(postgres_desk):
    desk = postgres_desk(index_on("public"))
    running = await desk.asked()
    assert not await desk.turns.stop(running.run, msgspec.structs.replace(ASKER, user="other"))
    assert await desk.turns.stop(running.run, ASKER)
    assert (await desk.ended(running.id))[-1].reason == "stopped"  # type: ignore[union-attr]


async def test_two_processes_cannot_both_go_on_with_a_turn(postgres_desk, postgres):
    desk = postgres_desk(index_on("public"))
    running = await desk.asked()
    await desk.approvals.decide((await desk.pending()).id, FIRST, granted=True)
    other = desk.served(Script([], [Text("done elsewhere")]))
    outcomes = await asyncio.gather(
        desk.turns.resume(running.id, "one"), other.resume(running.id, "two"), return_exceptions=True
    )
    assert sum(isinstance(outcome, NotFound) for outcome in outcomes) == 1
    await desk.ended(running.id)
    assert indexes(postgres) == ["orders_customer_idx", "orders_pkey"]
    await other.end(5)


async def test_a_granted_change_that_a_crash_interrupted_is_never_repeated(postgres_desk, postgres):
    desk = postgres_desk(index_on("public"))
    running = await desk.asked()
    await desk.approvals.decide((await desk.pending()).id, FIRST, granted=True)
    await desk.store.write(("resume_turn", {"id": running.id}))  # a process took it up, and is gone
    later = desk.served(Script([]))
    assert await later.recover() == 1
    returned = result(await desk.ended(running.id))
    assert "outcome unknown" in returned.content
    assert indexes(postgres) == ["orders_pkey"]


async def test_an_instance_without_a_write_account_says_how_to_get_one(postgres_desk):
    desk = postgres_desk(index_on("public"), write_url=None)
    running = await desk.asked()
    assert "--write-url" in result(await desk.ended(running.id)).content


async def test_a_session_is_ended_and_a_number_given_to_another_session_is_not_hit(postgres_desk, postgres):
    async with postgres_session(postgres) as (pid, alive):
        call = Call("k1", "end_session", {"instance": "db", "session": pid, "purpose": "holds a lock"})
        desk = postgres_desk(call)
        running = await desk.asked()
        asked = await desk.pending()
        assert f"pid = {pid} and backend_start = " in asked.request.statement
        await desk.approvals.decide(asked.id, FIRST, granted=True)
        assert await alive()
        await desk.turns.sweep()
        assert f"Session {pid} is gone" in result(await desk.ended(running.id)).content
        assert not await alive()


async def test_a_statement_of_a_session_is_cancelled_on_mariadb(mariadb_desk, mariadb):
    from asyncmy.connection import connect

    from dbmedic.engines.mysql_place import Place

    place = Place.of(mariadb.url)
    connection = await connect(
        host=place.host, port=place.port, user=place.user, password=place.password, unix_socket=place.socket,
        database=place.database,
    )  # fmt: skip
    session = connection.thread_id()
    sleeping = asyncio.create_task(connection.query("select sleep(60)"))
    try:
        args = {"instance": "db", "session": session, "purpose": "runaway", "only_its_statement": True}
        desk = mariadb_desk(Call("k1", "end_session", args))
        running = await desk.asked()
        assert (await desk.pending()).request.statement == f"kill query {session}"
        await desk.approvals.decide((await desk.pending()).id, FIRST, granted=True)
        await desk.turns.sweep()
        assert result(await desk.ended(running.id)).ok
        async with asyncio.timeout(5):
            await asyncio.gather(sleeping, return_exceptions=True)
    finally:
        sleeping.cancel()
        connection.close()


@pytest.mark.parametrize("statement", ["select 1; drop table orders", "", "drop table orders; --", "/* */"])
async def test_a_text_that_is_not_one_statement_is_not_even_asked_about(postgres_desk, statement):
    desk = postgres_desk(Call("k1", "change", {"instance": "db", "statement": statement, "purpose": "x"}))
    running = await desk.asked()
    events = [entry.event for entry in running.entries]
    if statement.startswith("drop"):  # one statement and a comment
        assert any(isinstance(event, ApprovalRequested) for event in events)
    else:
        assert not result(await desk.ended(running.id)).ok


async def test_a_change_says_rows_and_failures_in_the_servers_words(postgres_desk, postgres):
    change = {"instance": "db", "statement": "delete from orders where id <= 10", "purpose": "old"}
    desk = postgres_desk(
        Call("k1", "change", change), Call("k2", "change", change | {"statement": "drop table nothing"})
    )
    running = await desk.asked()
    for asked in await desk.approvals.asked(ADMIN, status="pending"):
        assert asked.request.dangerous
        await desk.turns.sweep()
        assert postgres.run("select count(*) from orders") == [(500,)]
        await desk.approvals.decide(asked.id, FIRST, granted=True)
    await desk.turns.sweep()
    returned = {event.call: event for event in await desk.ended(running.id) if isinstance(event, ToolReturned)}
    assert "Rows: 10." in returned["k1"].content
    assert 'table "nothing" does not exist' in returned["k2"].content
    assert postgres.run("select count(*) from orders") == [(490,)]


class postgres_session:
    """A client's session: its process id, and whether it is alive."""

    def __init__(self, postgres: Any) -> None:
        self._url = postgres.url

    async def __aenter__(self) -> tuple[int, Any]:
        import psycopg

        self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)

        async def alive() -> bool:
            try:
                await self._connection.execute("select 1")
            except psycopg.Error:
                return False
            return True

        return self._connection.info.backend_pid, alive

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()
