"""A question about a time, asked of a server that was sampled: the answer says what changed, with numbers and times."""

from __future__ import annotations

from uuid import uuid4

import anyio

from dbmedic.assistant.accounts import LOCAL
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.turns import Limits, Turns
from dbmedic.core.events import Answered, Measured
from dbmedic.core.values import Question
from dbmedic.diagnosis.analyst import Analyst
from dbmedic.tools import tools
from fix_sampler import Sampling, now, sampling
from fix_servers import Database


async def answer(here: Sampling, text: str) -> tuple[str, list[Measured]]:
    turns = Turns(
        here.store, Conversations(here.store), here.watch, {"analyst": Analyst()}, tools(), now=now,
        new_id=lambda: str(uuid4()), limits=Limits(check_s=10, window_s=0.8),
    )  # fmt: skip
    running = await turns.ask(Question(text=text, caller=LOCAL, api="cli", zone="Asia/Shanghai"))
    with anyio.fail_after(30):
        await running.closed.wait()
    await turns.end(1)
    events = [entry.event for entry in running.entries]
    said = "".join(event.text for event in events if isinstance(event, Answered) and event.final)
    return said, [event for event in events if isinstance(event, Measured)]


async def test_what_was_set_dropped_and_slowed_down_is_told(postgres: Database) -> None:
    postgres.run(
        "create extension if not exists pg_stat_statements",
        "create table orders(id int primary key, customer int, note text)",
        "insert into orders select n, n, repeat('x', 100) from generate_series(1, 50000) n",
        "create index orders_customer on orders(customer)",
        "analyze orders",
    )
    wanted = [f"select note from orders where customer = {n}" for n in range(1, 25)]
    async with sampling() as here:
        sampled = await here.begin(postgres.url)
        await here.sampler.sample(sampled)
        for _ in range(2):
            postgres.run(*wanted)
            await here.sampler.sample(sampled)
        await anyio.sleep(1.1)  # the question's second is the first one that is asked about
        try:
            postgres.run("alter system set work_mem = '64kB'", "select pg_reload_conf()", "drop index orders_customer")
            await anyio.sleep(0.2)
            postgres.run(*wanted)
            await here.sampler.sample(sampled)
            text, measured = await answer(here, f"orders page is slow since {_seconds_ago(1.5)}")
        finally:
            postgres.run("alter system reset work_mem", "select pg_reload_conf()")
    assert "**What changed since" in text
    assert "Setting `work_mem`: 4096kB → 64kB" in text
    assert f"Index `{postgres.name}.public.orders.orders_customer` was dropped" in text
    assert "select note from orders where customer = $1" in text
    assert "I keep no history" not in text
    assert {event.measure.source for event in measured if event.measure.what == "changed"} == {"history"}


def _seconds_ago(seconds: float) -> str:
    return f"{seconds / 60:.4f} minutes ago"
