"""Plans of the application's statements, as statistics views write them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from dbmedic.core.errors import StatementFailed, WriteRefused
from dbmedic.core.ports import Engine
from dbmedic.engines import open_engine
from dbmedic.engines.postgres_plan import plannable, script
from fix_servers import Database

SCHEMA = (
    "create schema shop",
    "create table shop.orders (id int primary key, customer int, created timestamptz, day date)",
    "insert into shop.orders select i, i % 100, now(), current_date from generate_series(1, 5000) i",
    "create index on shop.orders (customer)",
    "create table plain (a int)",
    "analyze",
)


@pytest.fixture
async def engine(postgres: Database) -> AsyncIterator[Engine]:
    postgres.run(*SCHEMA)
    opened = open_engine(postgres.instance)
    yield opened
    await opened.close()


def nodes(plan: dict[str, Any]) -> list[str]:
    return [plan["Node Type"], *(name for part in plan.get("Plans", ()) for name in nodes(part))]


@pytest.mark.parametrize(
    ("statement", "node"),
    [
        ("select * from orders where customer = $1", "Index Scan"),
        ("select * from orders where customer = 5", "Index Scan"),
        ("select * from orders where created > now() - interval $1", "Seq Scan"),
        ("select * from orders where created > now() - interval $1 day", "Seq Scan"),
        ("select * from orders where day = date $1 limit $2 offset $3", "Limit"),
        ("select * from orders where id = any($1)", "Index Scan"),
        ("select $1, count(*) from orders where customer in ($2, $3, $4) /* a comment */;", "Aggregate"),
        ("insert into orders (id, customer) values ($1, $2) returning id", "ModifyTable"),
        ("update orders set customer = $1 where id = $2 -- why", "ModifyTable"),
        ("delete from orders where id = $1", "ModifyTable"),
        ("with o as (select * from orders where id = $1) select * from o", "Index Scan"),
        ("select * from orders where created > $1::timestamptz and customer::text like $2", "Seq Scan"),
        ("select nextval($1)", "Result"),
        ("select extract($1 from created) from orders", "Seq Scan"),
        ("select timestamp with time zone $1 - created, numeric $2 from orders", "Seq Scan"),
        ("select * from generate_series($1, $2)", "Function Scan"),
        ("select count($1), jsonb_agg(jsonb_build_object($2, id)) from orders", "Aggregate"),
        ("select $1 + $2 from orders where day = $3::date", "Seq Scan"),
        ("select * from (values ($1), ($2)) v (id) join orders using (id)", "Nested Loop"),
    ],
)
async def test_a_normalised_statement_has_a_plan(engine: Engine, statement: str, node: str) -> None:
    plan = await engine.plan(statement, schema="shop")
    found = nodes(plan["Plan"])
    assert any(one.startswith(node) or (node == "Index Scan" and "Index" in one) for one in found), found


async def test_merge_has_a_plan_where_the_server_knows_it(engine: Engine) -> None:
    if (await engine.facts()).version < (15,):
        pytest.skip("MERGE is of 15")
    merge = (
        "merge into orders o using (select $1::int as id) s on s.id = o.id when matched then update set customer = $2"
    )
    assert (await engine.plan(merge, schema="shop"))["Plan"]["Operation"] == "Merge"


async def test_the_schema_decides_what_a_name_means(engine: Engine) -> None:
    with pytest.raises(StatementFailed) as caught:
        await engine.plan("select * from orders")
    assert caught.value.sqlstate == "42P01"
    assert (await engine.plan("select * from orders", schema="shop"))["Plan"]["Relation Name"] == "orders"
    assert (await engine.plan("select * from plain"))["Plan"]["Relation Name"] == "plain"


async def test_a_placeholder_whose_type_cannot_be_told_is_said(engine: Engine) -> None:
    with pytest.raises(StatementFailed, match="the type of a placeholder cannot be told"):
        await engine.plan("insert into orders (id, day) select g, $2 from generate_series($1, $3) g", schema="shop")


async def test_a_plan_leaves_no_transaction_and_no_setting_behind(engine: Engine) -> None:
    await engine.plan("select * from orders where id = $1", schema="shop")
    with pytest.raises(StatementFailed):
        await engine.plan("select * from orders where nothing = $1", schema="shop")
    rows = await engine.rows("select current_setting('search_path') as path, current_setting('jit') as jit")
    assert rows == [{"path": "pg_catalog", "jit": "off"}]


async def test_a_statement_that_was_cut_off_is_named_as_such(engine: Engine) -> None:
    with pytest.raises((StatementFailed, WriteRefused)):
        await engine.plan("select * from orders where name = 'half a str", schema="shop")
    with pytest.raises(StatementFailed, match="track_activity_query_size"):
        script("select 'half a", version=150000, schema=None)


@pytest.mark.parametrize(
    "statement", ["vacuum orders", "create table x (a int)", "select 1 into x", "set a = 1", "begin"]
)
async def test_what_has_no_plan_is_refused(engine: Engine, statement: str) -> None:
    with pytest.raises(WriteRefused, match="have a plan"):
        await engine.plan(statement, schema="shop")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("interval $1", "$1::interval"),
        ("interval $1 day to second", "$1::interval"),
        ("x > date $12 and y", "x > $12::date and y"),
        ("double  precision $1 + bool $2", "$1::float8 + $2::bool"),
        ("timestamp without time zone $1", "$1::timestamp"),
        ("extract ($1 from x)", "extract(epoch from x)"),
        ("select 'interval $1'", "select 'interval $1'"),
        ("extract(day from a) + $1", "extract(day from a) + $1"),
    ],
)
def test_types_move_behind_their_placeholders(before: str, after: str) -> None:
    assert " ".join(plannable(before).split()) == after
