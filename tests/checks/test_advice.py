"""From a plan to the index that would help: pure, on plans as the servers print them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from dbmedic.checks.advice import Advice, Index, Table, advice
from dbmedic.checks.plans import Scan, Term, mysql_scans, postgres_scans, terms

ORDERS = Table(
    schema="public",
    name="orders",
    rows=200_000,
    size=2**26,
    types={
        "id": "bigint",
        "customer_id": "integer",
        "email": "character varying(80)",
        "status": "text",
        "created_at": "timestamp with time zone",
        "day": "timestamp without time zone",
        "data": "jsonb",
        "order": "text",
    },
)


def seq_scan(condition: str | None, rows: float = 4, **more: Any) -> dict[str, Any]:
    return {
        "Node Type": "Seq Scan", "Relation Name": "orders", "Alias": "o", "Plan Rows": rows,
        **({"Filter": condition} if condition else {}), **more,
    }  # fmt: skip


def advised(condition: str, indexes: tuple[Index, ...] = (), engine: str = "postgres") -> Advice | None:
    (scan,) = postgres_scans({"Plan": seq_scan(condition)})
    return advice(scan, replace(ORDERS, indexes=indexes), engine)


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ("(customer_id = $1)", ("customer_id",)),
        ("(o.customer_id = $1)", ("customer_id",)),
        ("((status = 'new'::text) AND (created_at > $1))", ("status", "created_at")),
        (
            "((created_at > $1) AND (status = 'new'::text) AND (customer_id = 5))",
            ("status", "customer_id", "created_at"),
        ),
        ("(customer_id = ANY ('{1,2}'::integer[]))", ("customer_id",)),
        ("((email)::text = 'a'::text)", ("email",)),
        ('("order" = $1)', ('"order"',)),
        ("(customer_id = (InitPlan 1).col1)", ("customer_id",)),
        ("((customer_id = $0) AND (NOT (hashed SubPlan 2)))", ("customer_id",)),
        ("((created_at >= $1) AND (created_at <= $2))", ("created_at",)),
        ("((customer_id = $1) AND ((status = 'a'::text) OR (status = 'b'::text)))", ("customer_id",)),
        ("((status IS NULL) AND (customer_id <> 5))", ("status",)),
        ("(lower((email)::text) = $1)", ("(lower(email))",)),
        ("((customer_id = $2) AND (upper(status) = $1))", ("customer_id", "(upper(status))")),
        ("((data ->> 'k'::text) = $1)", ("(data ->> 'k')",)),
    ],
)
def test_equality_first_then_one_range(condition: str, keys: tuple[str, ...]) -> None:
    found = advised(condition)
    assert found is not None
    assert found.keys == keys


@pytest.mark.parametrize(
    ("condition", "rewrite"),
    [
        ("((day)::date = '2026-01-01'::date)", "day >= :start AND day < :end"),
        ("(date_trunc('day'::text, created_at) = $1)", "created_at >= :start AND created_at < :end"),
        ("(EXTRACT(year FROM created_at) = $1)", "created_at >= :start AND created_at < :end"),
        ("((id)::numeric = 5.0)", "id = CAST(:value AS bigint)"),
        ("(my_function(status) = $1)", "status = …"),
    ],
)
def test_what_no_index_may_hold_is_worded_anew(condition: str, rewrite: str) -> None:
    found = advised(condition)
    assert found is not None
    assert (found.kind, found.rewrite) == ("rewrite", rewrite)


@pytest.mark.parametrize(
    "condition", ["active", "((customer_id = 1) OR (status = 'a'::text))", "(status <> 'x'::text)", "((("]
)
def test_what_an_index_cannot_serve_gets_none(condition: str) -> None:
    assert advised(condition) is None


def test_nothing_is_proposed_that_an_index_serves() -> None:
    condition = "((customer_id = $1) AND (created_at > $2))"
    assert advised(condition, (Index(name="i", keys=("customer_id", "status")),)) is None
    assert advised("(lower((email)::text) = $1)", (Index(name="i", keys=("lower((email)::text)",)),)) is None
    assert advised(condition, (Index(name="i", keys=("status", "customer_id")),)) is not None
    assert advised(condition, (Index(name="i", keys=("customer_id",), partial=True),)) is not None


def test_an_invalid_index_is_rebuilt() -> None:
    found = advised("(customer_id = $1)", (Index(name="broken", keys=("customer_id",), valid=False),))
    assert found is not None
    assert (found.kind, found.name) == ("reindex", "broken")


def test_no_invalid_index_is_rebuilt_where_a_valid_one_serves() -> None:
    broken, whole = Index(name="a", keys=("customer_id",), valid=False), Index(name="b", keys=("customer_id", "status"))
    assert advised("(customer_id = $1)", (broken, whole)) is None


def test_a_name_that_is_taken_gets_a_number() -> None:
    found = advised("(customer_id = $1)", (Index(name="orders_customer_id_idx", keys=("status",)),))
    assert found is not None
    assert found.name == "orders_customer_id_idx1"


def test_the_defeated_index_is_named() -> None:
    found = advised("((day)::date = $1)", (Index(name="orders_day", keys=("day",)),))
    assert found is not None
    assert (found.defeated, found.keys) == ("orders_day", ())


def test_a_search_for_a_piece_of_text_wants_trigrams() -> None:
    found = advised("(status ~~ '%x%'::text)")
    assert found is not None
    assert (found.kind, found.keys) == ("pattern", ("status gin_trgm_ops",))


def test_a_join_without_a_filter_is_indexed_by_its_column() -> None:
    plan = {
        "Node Type": "Hash Join", "Hash Cond": "(o.customer_id = c.id)", "Plan Rows": 4,
        "Plans": [seq_scan(None, 200_000), {"Node Type": "Hash", "Plans": [{"Node Type": "Index Scan", "Alias": "c"}]}],
    }  # fmt: skip
    (scan,) = postgres_scans({"Plan": plan})
    assert (scan.terms, scan.rows) == ((Term(column="customer_id", kind="join"),), 4)


def test_the_order_of_a_limited_list_ends_the_index() -> None:
    plan = {
        "Node Type": "Limit",
        "Plans": [{"Node Type": "Sort", "Sort Key": ["o.created_at DESC"], "Plans": [seq_scan("(customer_id = $1)")]}],
    }
    (scan,) = postgres_scans({"Plan": plan})
    found = advice(scan, ORDERS, "postgres")
    assert found is not None
    assert found.keys == ("customer_id", "created_at")


def test_an_index_read_to_its_end_for_its_order_is_a_full_read() -> None:
    whole = {**seq_scan("(customer_id = $1)"), "Node Type": "Index Scan", "Index Name": "orders_day_idx"}
    (scan,) = postgres_scans({"Node Type": "Limit", "Plans": [whole]})
    found = advice(scan, replace(ORDERS, indexes=(Index(name="orders_day_idx", keys=("day",)),)), "postgres")
    assert found is not None
    assert found.keys == ("customer_id", "day")
    assert postgres_scans({**whole, "Index Cond": "(day > $1)"}) == []
    assert postgres_scans({key: value for key, value in whole.items() if key != "Filter"}) == []


def test_a_parallel_estimate_is_for_one_worker() -> None:
    plan = {"Node Type": "Gather", "Workers Planned": 2, "Plans": [seq_scan("(customer_id = $1)", 10)]}
    assert postgres_scans({"Plan": plan})[0].rows == pytest.approx(24)


def test_mariadb_and_mysql_print_plans_differently() -> None:
    condition = "`shop`.`orders`.`customer_id` = 5 and lcase(`shop`.`orders`.`email`) = 'x'"
    table = {
        "table_name": "orders", "access_type": "ALL", "rows": 1000, "filtered": 10, "attached_condition": condition,
    }  # fmt: skip
    mariadb = {"query_block": {"nested_loop": [{"table": table}]}}
    mysql = {"query_block": {"ordering_operation": {"table": table}}}
    customer, email = (
        Term(column="customer_id", kind="equal", number=True),
        Term(column="email", kind="equal", expression="lower(`email`)"),
    )
    want = Scan(table="orders", alias="orders", rows=100.0, terms=(customer, email))
    assert mysql_scans(mariadb) == mysql_scans(mysql) == [want]


def test_a_part_of_a_document_wants_a_generated_column_for_no_index_holds_the_document() -> None:
    events = Table(schema="iot", name="events", rows=2e5, size=10**7, types={"id": "bigint", "doc": "longtext"})
    scan = Scan(
        table="events",
        alias="events",
        terms=(Term(column="doc", kind="equal", expression="json_value(doc, '$.device')"),),
    )
    found = advice(scan, events, "mariadb")
    assert found is not None
    assert (found.kind, found.columns, found.wrapped) == ("generated", ("doc",), "json_value(doc, '$.device')")
    assert (found.keys, found.name) == (("`doc_key`",), "events_doc_key_idx")


def test_mariadb_tells_the_condition_of_a_join_through_a_buffer_above_its_table() -> None:
    inner = {"table_name": "c", "access_type": "ALL", "rows": 60_000, "filtered": 100}
    joined = {
        "table": inner,
        "join_type": "BNL",
        "attached_condition": "convert(crm.c.`code` using utf8mb4) = crm.v.code",
    }
    (scan,) = mysql_scans({"query_block": {"nested_loop": [{"block-nl-join": joined}]}})
    assert [(term.column, term.kind) for term in scan.terms] == [("code", "join")]


def test_a_join_that_filters_what_another_index_found_wants_its_own() -> None:
    outer = {"table": {"table_name": "products", "access_type": "ALL", "rows": 5000}}
    inner = {
        "table_name": "orders", "access_type": "ref", "rows": 60, "used_key_parts": ["product_id"],
        "attached_condition": "orders.customer_id = 77",
    }  # fmt: skip
    scans = mysql_scans({"query_block": {"nested_loop": [outer, {"table": inner}]}})
    assert [scan.table for scan in scans] == ["products", "orders"]
    found = advice(scans[1], ORDERS, "mariadb")
    assert found is not None
    assert found.columns == ("customer_id",)
    few = {**outer["table"], "rows": 5}
    assert [scan.table for scan in mysql_scans({"nested_loop": [{"table": few}, {"table": inner}]})] == ["products"]


def test_mariadb_has_no_index_on_an_expression() -> None:
    (scan,) = postgres_scans({"Plan": seq_scan("(lower((email)::text) = $1)")})
    found = advice(scan, ORDERS, "mariadb")
    assert found is not None
    assert (found.kind, found.keys) == ("rewrite", ("`email`",))


def test_a_text_compared_with_a_number_wants_another_value() -> None:
    def found(condition: str) -> Advice | None:
        plan = {"table": {"table_name": "orders", "access_type": "ALL", "rows": 9, "attached_condition": condition}}
        (scan,) = mysql_scans({"query_block": plan})
        table = replace(ORDERS, indexes=(Index(name="email_idx", keys=("email",)),), types={"email": "varchar(80)"})
        return advice(scan, table, "mariadb")

    wanted = found("orders.email = 4711")
    assert wanted is not None
    assert (wanted.kind, wanted.defeated, wanted.keys) == ("conversion", "email_idx", ())
    assert found("orders.email in (1,2)") == wanted
    assert found("orders.email = '4711'") is None


def test_a_text_of_another_character_set_wants_another_table() -> None:
    condition = "convert(orders.email using utf8mb4) = 'a'"
    plan = {"table": {"table_name": "orders", "access_type": "ALL", "rows": 9, "attached_condition": condition}}
    (scan,) = mysql_scans({"query_block": plan})
    table = replace(ORDERS, indexes=(Index(name="email_idx", keys=("email",)),), types={"email": "varchar(80)"})
    found = advice(scan, table, "mariadb")
    assert found is not None
    assert (found.kind, found.columns, found.defeated) == ("charset", ("email",), "email_idx")


def test_conditions_of_other_tables_do_not_count() -> None:
    assert terms("((c.name = 'x'::text) AND (o.status = 'y'::text))", "o", "postgres") == (
        Term(column="status", kind="equal"),
    )


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("(data @> $1)", "data"),
        ("(o.data @> '{\"user\": 1}'::jsonb)", "data"),
        ("(data ? 'user'::text)", "data"),
        ("(tags && '{a}'::text[])", "tags"),
        ("(words @@ to_tsquery('a'::text))", "words"),
    ],
)
def test_what_a_value_holds_is_found_by_an_inverted_index(condition: str, column: str) -> None:
    table = replace(ORDERS, types=ORDERS.types | {"tags": "text[]", "words": "tsvector"})
    (scan,) = postgres_scans({"Plan": seq_scan(condition)})
    best = advice(scan, table, "postgres")
    assert best is not None
    assert (best.kind, best.keys, best.rewrite) == ("contains", (column,), None)
    there = Index(name="there", keys=(column,))
    assert advice(scan, replace(table, indexes=(there,)), "postgres") is None
    broken = advice(scan, replace(table, indexes=(replace(there, valid=False),)), "postgres")
    assert broken is not None
    assert (broken.kind, broken.name) == ("reindex", "there")


def test_one_element_of_an_array_has_to_be_asked_for_in_other_words() -> None:
    table = replace(ORDERS, types=ORDERS.types | {"tags": "text[]"})
    (scan,) = postgres_scans({"Plan": seq_scan("('a'::text = ANY (tags))")})
    best = advice(scan, table, "postgres")
    assert best is not None
    assert (best.kind, best.keys, best.rewrite) == ("contains", ("tags",), "tags @> ARRAY[:value]")
    served = advice(scan, replace(table, indexes=(Index(name="there", keys=("tags",)),)), "postgres")
    assert served is not None
    assert (served.kind, served.keys, served.defeated) == ("rewrite", (), "there")


def test_a_condition_of_a_range_is_no_matter_of_an_inverted_index() -> None:
    table = replace(ORDERS, types=ORDERS.types | {"during": "tsrange"})
    (scan,) = postgres_scans({"Plan": seq_scan("(during && '[2026-01-01,2026-02-01)'::tsrange)")})
    assert advice(scan, table, "postgres") is None
