"""Statements are planned where their role runs them, and a plan that may not be asked for is said to be missing."""

from __future__ import annotations

import secrets

from checks.proving import heard, load
from fix_servers import Database

LIMITS: dict[str, dict[str, str | float]] = {"plan-seqscan": {"mean_least": "1ms"}}
ROWS = "insert into {schema}.orders select i, i % 5000, repeat('x', 60) from generate_series(1, 60000) i"
TABLE = "create table {schema}.orders(id int primary key, customer_id int, note text)"


async def test_of_two_tables_of_one_name_the_roles_own_is_meant(postgres: Database) -> None:
    postgres.run(
        "create extension pg_stat_statements",
        "create schema shop",
        *(text.format(schema=schema) for schema in ("public", "shop") for text in (TABLE, ROWS)),
        "create index on public.orders(customer_id)",
        "analyze",
        f"alter role postgres in database {postgres.name} set search_path = shop, public",
    )
    async with load(postgres, ["select id, note from orders where customer_id = 42"]):
        said = await heard(["plan-seqscan"], postgres.instance, window_s=1.2, thresholds=LIMITS)
    assert [one.object for one in said.findings] == ["shop.orders"]
    assert said.findings[0].fix is not None
    assert "ON shop.orders (customer_id)" in said.findings[0].fix.statement


async def test_without_the_right_to_plan_it_is_not_called_normal(postgres: Database) -> None:
    role = f"r_{secrets.token_hex(4)}"
    postgres.run(
        "create extension pg_stat_statements",
        *(text.format(schema="public") for text in (TABLE, ROWS)),
        "analyze",
        f"create role {role} login password '{role}' in role pg_monitor",
    )
    try:
        async with load(postgres, ["select id, note from orders where customer_id = 42"]):
            said = await heard(["plan-seqscan"], postgres.as_role(role, role), window_s=1.2, thresholds=LIMITS)
    finally:
        postgres.run(f"drop role {role}")
    outcome = said.checked["plan-seqscan"]
    assert (outcome.level, outcome.reason) == ("failed", "permission")
    assert outcome.grant is not None
