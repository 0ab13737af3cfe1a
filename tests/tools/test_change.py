"""Changes on real servers: nothing without a grant; with one exactly that, once, and its effect measured."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest
from tests.agent.playing import Script
from tests.tools.changing import ADMIN, ASKER, FIRST, SECOND, index_on, indexes, result

from dbmedic.assistant.approvals import Decided, Rule
from dbmedic.assistant.conversations import Conversations
from dbmedic.core.errors import BadField, Forbidden, NotFound
from dbmedic.core.events import ApprovalDecided, Measured, ToolReturned
from dbmedic.core.values import Call, Text


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
