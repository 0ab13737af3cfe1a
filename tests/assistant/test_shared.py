"""Turns among replicas, over real PostgreSQL and Redis: followed, stopped, limited and ended wherever they run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from tests.agent.playing import Script
from tests.assistant.test_turns import CALLER, OTHER, ask, clock, new_id, open_nothing, text_of
from tests.fix_servers import Server

from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.shared import SharedTurns
from dbmedic.assistant.turns import Limits
from dbmedic.assistant.watch import Only, Watch
from dbmedic.bus.redis import Redis
from dbmedic.core.errors import BadField, BusFailed, Busy, NotFound
from dbmedic.core.events import AnswerDelta, Answered, Entry, TurnClosed
from dbmedic.core.values import Instance, Text
from dbmedic.store.postgres import Postgres, open_store

LEASE_S = 1.5


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Postgres]:
    opened = await open_store(store_url)
    await opened.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
    yield opened
    await opened.close()


@asynccontextmanager
async def replica(store: Postgres, url: str, model: Script, limit: int = 8) -> AsyncIterator[SharedTurns]:
    bus = Redis(url, new_id(), lease_s=LEASE_S)
    watch = Watch(Only(Instance(id="rm-1", url="postgresql://nobody@127.0.0.1:1/x")), open_nothing, None)  # type: ignore[arg-type]
    mine = SharedTurns(
        bus, store, Conversations(store), watch, {"script": model}, {}, now=clock, new_id=new_id,
        limits=Limits(limit, 60),
    )  # fmt: skip
    await mine.recover()
    try:
        yield mine
    finally:
        await mine.end(0)
        await bus.close()


async def until(holds: Callable[[], object], limit_s: float = 10) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_turn_is_followed_from_another_replica_while_it_runs(store: Postgres, redis: Server) -> None:
    words = [piece for n in range(40) for piece in (Text(f"w{n} "), 0.01)]
    async with replica(store, redis.url, Script(words)) as one, replica(store, redis.url, Script([])) as two:
        running = await one.ask(ask())
        heard: list[Entry] = []
        early = 0
        async for batch in two.batches(running.id, CALLER):
            heard += batch
            early += not running.closed.is_set()
        assert early > 3
        assert heard == running.entries
        assert [entry async for batch in two.batches(running.id, CALLER) for entry in batch] == [
            entry for entry in running.entries if not isinstance(entry.event, AnswerDelta)
        ]
        with pytest.raises(NotFound):
            [batch async for batch in two.batches(running.id, OTHER)]


async def test_many_followers_that_come_at_any_time_hear_the_same(store: Postgres, redis: Server) -> None:
    words = [piece for n in range(60) for piece in (Text(f"w{n} "), 0.005)]
    async with replica(store, redis.url, Script(words)) as one, replica(store, redis.url, Script([])) as two:
        running = await one.ask(ask())

        async def follow(after_s: float) -> str:
            await asyncio.sleep(after_s)
            said = ""
            async for batch in two.batches(running.id, CALLER):
                for entry in batch:
                    if isinstance(entry.event, AnswerDelta):
                        said += entry.event.text
                    elif isinstance(entry.event, Answered):
                        assert said in ("", entry.event.text)
                        said = entry.event.text
            return said

        said = await asyncio.gather(*(follow(n / 40) for n in range(8)))
        assert set(said) == {"".join(f"w{n} " for n in range(60))}


async def test_a_turn_is_stopped_from_another_replica_by_its_owner_alone(store: Postgres, redis: Server) -> None:
    script = Script([Text("half"), 30.0])
    async with replica(store, redis.url, script) as one, replica(store, redis.url, script) as two:
        running = await one.ask(ask())
        await asyncio.sleep(0.05)
        assert not await two.stop(running.run, OTHER)
        assert await two.stop(running.run, CALLER)
        async with asyncio.timeout(5):
            await running.closed.wait()
        assert running.turn.closed == "stopped"
        assert await text_of(two, running.id) == "half"
        assert not await two.stop(running.run, CALLER)


async def test_a_stop_is_not_lost_while_the_bus_does_not_know_who_runs_the_turn(store: Postgres, redis: Server) -> None:
    """As when the connection broke before the lease was taken, or the bus came back empty."""
    words = [piece for n in range(100) for piece in (Text(f"w{n} "), 0.1)]
    async with replica(store, redis.url, Script(words)) as one, replica(store, redis.url, Script([])) as two:
        running = await one.ask(ask())
        await until(lambda: any(isinstance(entry.event, AnswerDelta) for entry in running.entries))
        await asyncio.to_thread(redis.run, "FLUSHALL")
        assert not await two.stop(running.run, OTHER)
        assert await two.stop(running.run, CALLER)
        await until(running.closed.is_set)
        assert running.turn.closed == "stopped"


async def test_the_limit_of_an_account_and_the_order_in_a_conversation_hold_across_replicas(
    store: Postgres, redis: Server
) -> None:
    script = Script([Text("a"), 0.3])
    async with replica(store, redis.url, script, 2) as one, replica(store, redis.url, script, 2) as two:
        first = await one.ask(ask())
        second = asyncio.create_task(two.ask(ask("again", conversation=first.conversation)))
        other = await two.ask(ask())
        with pytest.raises(Busy, match="turns of account default"):
            await one.ask(ask())
        await first.closed.wait()
        after = await second
        assert after.opened_at >= first.entries[-1].at
        await other.closed.wait()
        await after.closed.wait()
        held = await one.ask(ask())
        with pytest.raises(Busy, match="turns of conversation"):
            await two.ask(ask("again", conversation=held.conversation), patience_s=0.05)


async def test_the_limit_holds_on_a_bus_that_came_back_empty(store: Postgres, redis: Server) -> None:
    script = Script([Text("a"), 3.0])
    async with replica(store, redis.url, script, 1) as one, replica(store, redis.url, script, 1) as two:
        running = await one.ask(ask())
        for _ in range(3):
            await asyncio.to_thread(redis.run, "FLUSHALL")
            with pytest.raises(Busy, match="turns of account default"):
                await two.ask(ask())
        assert running.turn.closed is None


async def test_what_ends_while_it_is_renewed_holds_nothing(store: Postgres, redis: Server) -> None:
    async with replica(store, redis.url, Script([Text("a")]), 1) as one:
        bus = one._bus
        assert isinstance(bus, Redis)
        for _ in range(20):
            running = await one.ask(ask())
            beats = [asyncio.create_task(bus._renew()) for _ in range(5)]
            await running.closed.wait()
            await asyncio.gather(*beats, *one._tasks)
        assert await asyncio.to_thread(redis.run, "KEYS dbmedic:slots:*") == [([],)]
        assert await asyncio.to_thread(redis.run, "KEYS dbmedic:lease:*") == [([],)]


async def test_a_question_that_is_refused_gives_its_place_back(store: Postgres, redis: Server) -> None:
    async with replica(store, redis.url, Script([Text("a")]), 1) as one:
        for _ in range(3):
            with pytest.raises(BadField):
                await one.ask(ask(" "))
            with pytest.raises(NotFound):
                await one.ask(ask(conversation=new_id()))
        running = await one.ask(ask())
        await running.closed.wait()
        assert running.turn.closed == "done"


async def test_a_lost_replicas_turn_is_closed_once_as_interrupted_and_followers_see_it(
    store: Postgres, redis: Server
) -> None:
    script = Script([Text("half of it"), 60.0])
    async with (
        replica(store, redis.url, script) as two,
        replica(store, redis.url, script) as three,
        replica(store, redis.url, script) as one,
    ):
        running = await one.ask(ask())
        await until(lambda: len(running.entries) > 2)
        follower = asyncio.create_task(text_of(two, running.id))
        await asyncio.sleep(1.2)  # the text so far is kept
        live = await two.ask(ask())
        silence(one)
        closed = 0
        end = time.monotonic() + 10
        while not closed:
            assert time.monotonic() < end
            found = await asyncio.gather(
                two._leases.take_over(two._running.keys()), three._leases.take_over(three._running.keys())
            )
            closed += sum(found)
            await asyncio.sleep(0.1)
        assert await two._leases.take_over(two._running.keys()) == 0
        async with asyncio.timeout(5):
            assert await follower == "half of it"
        kept = [entry.event for entry in await Conversations(store).entries(running.id)]
        assert [event.reason for event in kept if isinstance(event, TurnClosed)] == ["interrupted"]
        assert [event.text for event in kept if isinstance(event, Answered)] == ["half of it"]
        assert live.turn.closed is None
        for task in list(one._tasks):
            task.cancel()
            await asyncio.wait([task])


async def test_a_replica_that_was_taken_for_lost_ends_its_streams_and_gives_its_places_back(
    store: Postgres, redis: Server
) -> None:
    script = Script([Text("half of it"), 0.5, Text(" and the rest")])
    async with replica(store, redis.url, script) as one, replica(store, redis.url, script) as two:
        running = await one.ask(ask())
        hearing = asyncio.create_task(text_of(one, running.id))
        await until(lambda: len(running.entries) > 2)
        await running.kept()
        assert await two._leases._interrupt(running.id)
        assert await asyncio.wait_for(hearing, 10) == "half of it and the rest"
        await until(lambda: not one.running and not one.admission.running)
        kept = [entry.event for entry in await Conversations(store).entries(running.id)]
        assert [event.reason for event in kept if isinstance(event, TurnClosed)] == ["interrupted"]


def silence(lost: SharedTurns) -> None:
    """As a killed process: its turns say nothing any more, and its leases end."""
    for task in lost._bus._tasks:  # type: ignore[attr-defined]
        task.cancel()
    lost._bus._leases.clear()  # type: ignore[attr-defined]
    lost._bus._tickets.clear()  # type: ignore[attr-defined]
    for timer in (lost._running[turn]._answer._timer for turn in lost._running):
        if timer is not None:
            timer.cancel()


async def test_a_bus_that_came_back_empty_costs_no_turn_and_no_word(store: Postgres, redis: Server) -> None:
    words = [piece for n in range(30) for piece in (Text(f"w{n} "), 0.08)]
    async with replica(store, redis.url, Script(words)) as one, replica(store, redis.url, Script([])) as two:
        running = await one.ask(ask())
        follower = asyncio.create_task(text_of(two, running.id))
        for step in range(20):
            await asyncio.sleep(0.1)
            if step in (3, 13):
                redis.run("FLUSHALL", "CLIENT KILL TYPE normal SKIPME yes")
            assert await two._leases.take_over(two._running.keys()) == 0
        assert await follower == "".join(f"w{n} " for n in range(30))
        assert running.turn.closed == "done"


async def test_a_job_is_one_replicas_until_it_is_silent(store: Postgres, redis: Server) -> None:
    one, two = Redis(redis.url, "one"), Redis(redis.url, "two")
    assert [await one.first("sweep", 0.3), await two.first("sweep", 0.3), await one.first("sweep", 0.3)] == [
        True, False, True,
    ]  # fmt: skip
    await asyncio.sleep(0.35)
    assert await two.first("sweep", 0.3)
    assert not await one.first("sweep", 0.3)
    await one.close()
    await two.close()


async def test_a_bus_that_is_not_there_is_said(store: Postgres) -> None:
    with pytest.raises(BusFailed, match=r"redis://127\.0\.0\.1:9 does not answer"):
        async with replica(store, "redis://127.0.0.1:9/0", Script([])):
            pass
    with pytest.raises(BadField, match="redis://127"):
        Redis("postgresql://x", "one")
