"""Indexes that PostgreSQL only imagines: the plan uses them, nothing is left behind, nothing of a user runs."""

from __future__ import annotations

import pytest

from dbmedic.core.errors import Unmeasured, WriteRefused
from dbmedic.engines import open_engine
from dbmedic.kit import plans
from fix_servers import Database

QUERY = "select * from orders where customer_id = $1"
INDEX = "CREATE INDEX ON public.orders (customer_id)"


@pytest.fixture
def shop(postgres: Database) -> Database:
    postgres.run(
        "create table orders(id int primary key, customer_id int, note text)",
        "insert into orders select i, i % 5000, repeat('x', 60) from generate_series(1, 30000) i",
        "analyze orders",
        "create function public.loud(int) returns int language plpgsql immutable as 'begin raise exception $$a$$; end'",
    )
    return postgres


async def test_the_plan_uses_it_and_it_is_forgotten(shop: Database) -> None:
    if not shop.run("select 1 from pg_available_extensions where name = 'hypopg'"):
        pytest.skip("this PostgreSQL has no hypopg: apt install postgresql-15-hypopg")
    shop.run("create schema tools", "create extension hypopg schema tools")
    engine = open_engine(shop.instance)
    try:
        before = plans.of(await engine.plan(QUERY), "postgres")
        imagined = plans.of(await engine.plan(QUERY, indexes=[INDEX]), "postgres")
        after = plans.of(await engine.plan(QUERY), "postgres")
        assert [node.does for node in plans.steps(before)] == [node.does for node in plans.steps(after)] == ["scan"]
        assert "lookup" in {node.does for node in plans.steps(imagined)}
        assert before.cost is not None
        assert imagined.cost is not None
        assert imagined.cost < before.cost / 5
        assert await engine.rows("select hypopg_list_indexes.index_name from hypopg_list_indexes") == []
        assert shop.run("select count(*) from pg_index where indrelid = 'orders'::regclass") == [(1,)]
    finally:
        await engine.close()


async def test_without_the_extension_it_says_what_is_missing(shop: Database) -> None:
    engine = open_engine(shop.instance)
    try:
        with pytest.raises(Unmeasured) as failure:
            await engine.plan(QUERY, indexes=[INDEX])
        assert failure.value.grant == "CREATE EXTENSION hypopg"
    finally:
        await engine.close()


@pytest.mark.parametrize(
    "index",
    ["DROP TABLE orders", "CREATE INDEX ON orders (public.loud(id))", f"{INDEX}; DROP TABLE orders", "SELECT 1",
     "CREATE INDEX ON orders (id) WHERE pg_terminate_backend(1)", "CREATE INDEX ON orders ((pg_read_file('x')))"],
)  # fmt: skip
async def test_nothing_but_a_harmless_index_is_imagined(shop: Database, index: str) -> None:
    engine = open_engine(shop.instance)
    try:
        with pytest.raises(WriteRefused):
            await engine.plan(QUERY, indexes=[index])
    finally:
        await engine.close()
