"""Plans of every form, from canned texts: what the readers make of them, and what is found in them."""

from __future__ import annotations

import time

import pytest

from dbmedic.kit import plans
from dbmedic.kit.plans import Finding, Plan
from kit.plans import canned

SPILLED = """\
 Finalize GroupAggregate  (cost=100.00..900.00 rows=10 width=12) (actual time=90.1..95.2 rows=10 loops=1)
   ->  Gather Merge  (cost=100.00..800.00 rows=20 width=12) (actual time=90.0..95.1 rows=20 loops=1)
         Workers Planned: 1
         Workers Launched: 1
         ->  Hash Join  (cost=90.00..700.00 rows=12000 width=1200) (actual time=20.0..80.0 rows=30000 loops=2)
               Hash Cond: (o.customer_id = c.id)
               ->  Parallel Seq Scan on public.orders o  (cost=0.00..500.00 rows=117647 width=8) (actual time=0.1..30.0 rows=100000 loops=2)
                     Filter: ((date_trunc('day'::text, o.created_at) = '2026-02-03 00:00:00'::timestamp without time zone) AND (o.note ~~ '%late%'::text))
                     Rows Removed by Filter: 400000
               ->  Hash  (cost=50.00..50.00 rows=5000 width=1200) (actual time=15.0..15.0 rows=5000 loops=2)
                     Buckets: 4096 (originally 4096)  Batches: 8 (originally 1)  Memory Usage: 3969kB
                     ->  Seq Scan on customers c  (cost=0.00..50.00 rows=5000 width=1200) (actual time=0.1..5.0 rows=5000 loops=2)
 Planning Time: 0.2 ms
 Execution Time: 100.0 ms
"""  # noqa: E501


def found(text: str) -> tuple[Plan, dict[str, Finding]]:
    plan = plans.read(text)
    assert plan is not None
    return plan, {one.kind: one for one in reversed(plans.findings(plan))}


def test_workers_share_one_reading_of_a_table() -> None:
    plan, kinds = found(SPILLED)
    scan = next(node for node in plans.steps(plan) if node.relation == "orders")
    assert (scan.reads, scan.came, scan.removed, scan.took_ms) == (1_000_000, 200_000, 800_000, 30.0)
    assert kinds["spill"].numbers["batches"] == 8
    assert kinds["costs"].node.title == "Hash Join"
    assert {one.text for one in plans.findings(plan) if one.kind == "defeated"} == {
        "date_trunc('day', created_at)", "o.note LIKE CAST('%late%' AS TEXT)",
    }  # fmt: skip


def test_the_costs_of_mysql_8() -> None:
    plan, kinds = found(canned.JSON_8)
    assert (plan.engine, plan.cost, plan.executed) == ("mysql", 112045.60, False)
    assert kinds["costs"].node.title == "Table scan on o"
    assert kinds["costs"].share == pytest.approx(0.9, abs=0.01)
    assert (kinds["defeated"].text, kinds["defeated"].why) == ("lower(status)", "function")
    assert kinds["sort"].numbers == {"rows": 997242.0}


def test_the_tree_of_mysql_8() -> None:
    plan, kinds = found(canned.TREE_8)
    assert (plan.took_ms, plan.executed) == (2345.6, True)
    scan = kinds["scan"]
    assert (scan.node.relation, scan.numbers["rows"], scan.numbers["removed"]) == ("o", 1_000_000, 500_000)
    assert (kinds["loops"].node.index, kinds["loops"].numbers["loops"]) == ("PRIMARY", 500_000)
    assert kinds["costs"].node.title == "Single-row index lookup on c using PRIMARY (id=o.customer_id)"


def test_a_subquery_for_each_row() -> None:
    _, kinds = found(canned.SUBQUERY_8)
    _, table = found(canned.VERTICAL)
    assert (kinds["subquery"].node.relation, kinds["subquery"].numbers["loops"]) == ("o", 5000)
    assert (table["subquery"].node.relation, table["subquery"].numbers) == ("o", {"loops": 5000.0, "rows": 997242.0})


def test_the_second_json_version_of_mysql() -> None:
    plan, kinds = found(canned.JSON_V2)
    assert plan.took_ms is None or plan.executed
    assert (kinds["scan"].node.relation, kinds["costs"].node.relation) == ("orders", "orders")


def test_a_join_without_an_index_in_a_table() -> None:
    plan, kinds = found(canned.TABLE_8)
    assert plan.engine == "mysql"
    assert kinds["join_scan"].node.relation == "a"
    assert kinds["join_scan"].numbers["probes"] == 5000 * 997242
    assert kinds["sort"].node.name in ("Filesort", "Temporary table")


def test_what_sqlite_prints() -> None:
    plan, _ = found(canned.LITE)
    assert plan.engine == "sqlite"
    assert [(node.relation, node.does, node.name) for node in plans.steps(plan) if node.relation] == [
        ("o", "scan", "SCAN"), ("c", "lookup", "SEARCH"), ("x", "lookup", "SEARCH by a throw-away index"),
    ]  # fmt: skip
    assert any(node.does == "sort" for node in plans.steps(plan))


@pytest.mark.parametrize(
    ("condition", "dialect", "said"),
    [
        ("(lower(email) = 'x'::text)", "postgres", [("email", "function", "lower(email)")]),
        ("((created_at)::date = '2026-01-01'::date)", "postgres", [("created_at", "cast", "cast(created_at AS date)")]),
        ("((total + 5) > 100)", "postgres", [("total", "arithmetic", "total + 5")]),
        ("(name ~~ '%x'::text)", "postgres", [("name", "wildcard", None)]),
        ("(name ~~ 'x%'::text)", "postgres", []),
        ("((a = 1) OR (b = 2))", "postgres", [("a, b", "or", None)]),
        ("((a = 1) OR (a = 2))", "postgres", []),
        ("(status <> 'done'::text)", "postgres", [("status", "negation", None)]),
        ("(id = 5)", "postgres", []),
        ("year(`shop`.`o`.`created_at`) = 2026", "mysql", [("created_at", "function", "year(created_at)")]),
        ("`o`.`note` like '%late%'", "mysql", [("note", "wildcard", None)]),
        ("not sql at ((all", "mysql", []),
    ],
)
def test_what_defeats_an_index(condition: str, dialect: str, said: list[tuple[str, str, str | None]]) -> None:
    seen = plans.defeats(condition, None, dialect)
    assert [(one.column, one.why) for one in seen] == [(column, why) for column, why, _ in said]
    for one, (_, _, expression) in zip(seen, said, strict=True):
        assert expression is None or one.expression.lower() == expression.lower()


@pytest.mark.parametrize(
    "text",
    [
        "", "why is it slow", "-> go on", "id: 5\nname: x", '{"query_block": 5}', '[{"Plan": {}}]', "SCAN the room",
        "(cost=1..2 rows=3 width=4)"[:-1], "|--SCAN", "select_type table type rows id", '{"operation": []}',
    ],
)  # fmt: skip
def test_anything_else_is_no_plan(text: str) -> None:
    assert plans.read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        '[{"Plan": {"Node Type": "A", "Plans": [' * 3000,
        "\n".join(" " * depth + "-> A (cost=1.0..2.0 rows=1 width=1)" for depth in range(1900)),
        "\n".join("  " * depth + "-> Filter: (x)  (cost=1.0 rows=1)" for depth in range(1900)),
        "Seq Scan on a" + "(x)" * 900 + " (cost=1.0..2.0 rows=1 width=",
        "| id | select_type | table | type | rows |\n" * 20_000,
        '{"query_block": {"nested_loop": [' * 3000,
        "|  " * 4000 + "`--SCAN t\n",
    ],
)
def test_a_text_made_to_be_slow_is_read_soon(text: str) -> None:
    began = time.monotonic()
    plans.read(text)
    assert time.monotonic() - began < 2
