"""Changes that the analyst proposes without a language model, on a real server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest
from tests.tools.changing import FIRST, result

from dbmedic.diagnosis.analyst import Analyst


@pytest.mark.parametrize(
    "words", ["kill session {}", "please end the connection {}", "帮我结束会话 {}", "把会话 {} 杀掉"]
)
async def test_a_session_that_is_named_is_ended_after_approval(postgres_desk, postgres, words):
    async with await psycopg.AsyncConnection.connect(postgres.url, autocommit=True) as holder:
        pid = holder.info.backend_pid
        desk = postgres_desk()
        desk.turns = desk.served(Analyst())
        running = await desk.asked(text=words.format(pid))
        asked = await desk.pending()
        assert (asked.request.kind, asked.request.args["session"]) == ("end_session", pid)
        await desk.approvals.decide(asked.id, FIRST, granted=True)
        await desk.turns.sweep()
        events = await desk.ended(running.id)
        assert f"Session {pid} is gone" in result(events).content
        with pytest.raises(psycopg.OperationalError):
            await holder.execute("select 1")


async def test_a_question_about_a_kill_is_no_order(postgres_desk):
    desk = postgres_desk()
    desk.turns = desk.served(Analyst())
    running = await desk.asked(text="why was session 4242 killed last night?")
    assert running.turn.closed == "done"


async def test_the_cure_of_what_was_measured_is_proposed(postgres_desk, postgres):
    """A transaction that holds a lock others wait for."""
    async with AsyncExitStack() as open_:
        waiter = await psycopg.AsyncConnection.connect(postgres.url, autocommit=True)
        open_.push_async_callback(waiter.close)
        holder = await psycopg.AsyncConnection.connect(postgres.url)
        open_.push_async_callback(holder.close)
        await holder.execute("update orders set customer = 1 where id = 1")
        waiting = asyncio.create_task(waiter.execute("update orders set customer = 2 where id = 1"))
        open_.callback(waiting.cancel)
        await asyncio.sleep(6)  # shorter waits are traffic
        desk = postgres_desk()
        desk.turns = desk.served(Analyst())
        running = await desk.asked(text="Updates of orders hang. Find out who blocks them and kill that session.")
        asked = await desk.pending()
        assert str(holder.info.backend_pid) in asked.request.statement
        await desk.approvals.decide(asked.id, FIRST, granted=True)
        await desk.turns.sweep()
        await desk.ended(running.id)
        async with asyncio.timeout(5):
            await waiting
