"""Indexes for a workload: what is a candidate, what is chosen, what is left out."""

from __future__ import annotations

import pytest

from checks.proving import heard, load
from dbmedic.checks.advice import Index, Table
from dbmedic.checks.indexing import Candidate, candidates, chosen
from dbmedic.kit.statements import asks
from fix_servers import Database

TYPES = {"id": "integer", "customer_id": "integer", "status": "text", "made": "timestamp without time zone"}


def table(*indexes: Index) -> Table:
    return Table(schema="public", name="orders", rows=1e6, size=10**8, types=TYPES, indexes=indexes)


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("select 1 from orders where status = $1 and made > $2", [("status", "made"), ("status",)]),
        ("select 1 from orders where customer_id = $1 order by made", [("customer_id",), ("customer_id", "made")]),
        ("select 1 from orders o join customers c on c.id = o.customer_id", [("customer_id",)]),
        ("select 1 from orders where lower(status) = $1", []),
        ("select 1 from orders where id = $1", []),
        ("select customer_id, count(*) from orders group by customer_id", [("customer_id",)]),
    ],
)
def test_candidates_of_one_statement(sql: str, columns: list[tuple[str, ...]]) -> None:
    found = candidates(asks(sql, "postgres"), {"orders": table(Index(name="pk", keys=("id",)))})
    assert [one.columns for one in found] == columns


def test_what_an_index_serves_is_no_candidate() -> None:
    there = table(
        Index(name="i", keys=("customer_id", "made", "status")), Index(name="bad", keys=("status",), valid=False)
    )
    found = candidates(asks("select 1 from orders where customer_id = $1 order by made", "postgres"), {"orders": there})
    assert found == []
    found = candidates(asks("select 1 from orders where status = $1", "postgres"), {"orders": there})
    assert [one.columns for one in found] == [("status",)]


def candidate(*columns: str, size: float = 1e6) -> Candidate:
    return Candidate(schema="public", table="orders", columns=columns, size=size)


def test_one_index_for_two_statements_is_better_than_two() -> None:
    found = [candidate("a"), candidate("a", "b"), candidate("c")]
    costs = [{0: 0.1, 1: 0.1}, {0: 0.8, 1: 0.05}, {2: 0.99}]
    picked = chosen(found, costs, [0.5, 0.4, 0.1], 1e9)
    assert [one.candidate.columns for one in picked] == [("a", "b")]
    assert picked[0].saves == pytest.approx(0.5 * 0.9 + 0.4 * 0.95)
    assert picked[0].statements == (0, 1)


def test_a_budget_is_kept_and_little_savings_are_left_out() -> None:
    found = [candidate("a", size=9e8), candidate("b", size=1e8), candidate("c", size=1e8)]
    costs = [{0: 0.0}, {1: 0.0}, {2: 0.0}]
    assert [one.candidate.columns for one in chosen(found, costs, [0.5, 0.46, 0.04], 5e8)] == [("b",)]
    assert {one.candidate.columns for one in chosen(found, costs, [0.5, 0.46, 0.04], 5e9)} == {("a",), ("b",)}


async def test_without_hypopg_an_index_is_said_to_be_unproven(postgres: Database) -> None:
    postgres.run(
        "create extension pg_stat_statements",
        "create table orders(id int primary key, customer_id int, note text)",
        "insert into orders select i, i % 5000, repeat('x', 60) from generate_series(1, 60000) i",
        "vacuum analyze orders",
    )
    async with load(postgres, ["select id, note from orders where customer_id = 42"]):
        said = await heard(["index-advice"], postgres.instance, window_s=1.2)
    assert [one.object for one in said.findings] == ["public.orders.customer_id"]
    assert said.findings[0].confidence == "estimate"
    assert "not proven" in said.sentences("en")[0]
    assert said.checked["index-advice"].grant == "CREATE EXTENSION hypopg"
