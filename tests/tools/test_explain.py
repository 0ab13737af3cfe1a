"""The tool that plans a statement: findings, wordings that were planned, an imagined index; never an execution."""

from __future__ import annotations

from typing import Any

import pytest

from dbmedic.agent.tool import Context
from dbmedic.core.errors import WriteRefused
from dbmedic.core.ports import Engine, Target
from dbmedic.core.values import Caller, Question
from dbmedic.engines import open_engine
from dbmedic.tools import tools
from fix_history import NOW
from fix_servers import Database

SHOP = (
    "create table orders(id int primary key, customer_id int, made timestamp, note text)",
    "insert into orders select i, i % 5000, timestamp '2026-01-01' + i * interval '1 minute', repeat('x', 60)"
    " from generate_series(1, 60000) i",
    "create index orders_made on orders(made)",
    "analyze orders",
)


async def explained(database: Database, **args: Any) -> str:
    engine: Engine = open_engine(database.instance)

    async def target(_: str) -> Target:
        return Target(database.instance, engine, None)  # type: ignore[arg-type]

    async def say(_: object) -> None: ...

    question = Question(text="why?", caller=Caller(account="a", user="u", key="k"), api="cli")
    context = Context(
        call="k1", question=question, instances=(), target=target, say=say, new_measure=lambda: "m1", now=lambda: NOW
    )
    try:
        return await tools()["explain"](context, {"instance": "shop", **args})
    finally:
        await engine.close()


async def test_a_better_wording_is_planned_before_it_is_shown(postgres: Database) -> None:
    postgres.run(*SHOP)
    text = await explained(postgres, statement="select count(*) from orders where made::date = $1")
    assert "CAST($1 AS DATE) + 1" in text
    assert "planned here, planner cost" in text
    assert "a generic plan" in text
    assert "no plain index serves it" in text
    assert '"Plan"' in text


async def test_an_index_is_imagined_not_built(postgres: Database) -> None:
    postgres.run(*SHOP, "create extension hypopg")
    statement = "select * from orders where customer_id = 7"
    said = await explained(postgres, statement=statement, index="create index on public.orders (customer_id)")
    assert "it is used: planner cost" in said
    other = await explained(postgres, statement=statement, index="create index on public.orders (note)")
    assert "it is not used" in other
    refused = await explained(postgres, statement=statement, index="drop table orders")
    assert "was not tried" in refused
    assert postgres.run("select count(*) from orders") == [(60000,)]


async def test_mariadb_counts_rows_instead_of_costs(mariadb: Database) -> None:
    mariadb.run(
        "create table orders(id int primary key, made datetime, key(made))",
        "insert into orders select seq, date_add('2026-01-01', interval seq minute) from seq_1_to_50000",
        "analyze table orders",
    )
    text = await explained(mariadb, statement="select id from orders where date(made) = '2026-01-09'")
    assert "rows looked at" in text
    assert "made >= '2026-01-09'" in text
    assert "example values" not in text
    assert "example values" in await explained(mariadb, statement="select id from orders where id = ?")


async def test_habits_that_cost_are_named(postgres: Database) -> None:
    postgres.run(*SHOP)
    text = await explained(postgres, statement="select * from orders")
    assert "It gives all 60 000 rows at once" in text
    assert "It pages by OFFSET" in await explained(
        postgres, statement="select id from orders order by id limit 20 offset 50000"
    )


async def test_nothing_but_a_statement_with_a_plan_is_taken(postgres: Database) -> None:
    with pytest.raises(WriteRefused):
        await explained(postgres, statement="drop table orders")
