"""Columns that a statement needs of its tables, and conditions that stand in its text."""

from __future__ import annotations

import pytest

from dbmedic.kit.statements.needs import needs


@pytest.mark.parametrize(
    ("sql", "columns", "whole"),
    [
        (
            "select id, total from orders where customer_id = $1 order by made",
            {"id", "total", "customer_id", "made"},
            (),
        ),
        ("select o.id from orders o join customers c on c.id = o.customer_id", {"id", "customer_id"}, ()),
        ("select count(*) from orders where status = 'new'", {"status"}, ()),
        ("select * from orders where id = $1", {"id"}, ("orders",)),
        ("select o.*, o.id from orders o", {"id"}, ("orders",)),
        ("select id from orders, customers where total = 1", set(), ("customers", "orders")),
        ("select id from orders where customer_id = $1 for update", {"id", "customer_id"}, ("orders",)),
        ("delete from orders where made < $1", {"made"}, ("orders",)),
    ],
)
def test_what_it_reads_and_where_it_may_need_all(sql: str, columns: set[str], whole: tuple[str, ...]) -> None:
    found = needs(sql, "postgres")
    assert found is not None
    assert {column for table, column in found.columns if table == "orders"} == columns
    assert tuple(sorted(found.whole)) == whole


def test_what_it_sets() -> None:
    found = needs("update orders set status = $1, total = total + 1 where id = $2", "postgres")
    assert found is not None
    assert found.changes == {("orders", "status"), ("orders", "total")}


def test_its_conditions_without_placeholders() -> None:
    sql = "select 1 from t where a is null and not b is null and c is not null and d = 'x' and e = $1 and f and g = 7"
    found = needs(sql, "postgres")
    assert found is not None
    assert [(one.text, one.kind, one.value) for one in found.conditions] == [
        ("a IS NULL", "null", ""), ("b IS NOT NULL", "not null", ""), ("c IS NOT NULL", "not null", ""),
        ("d = 'x'", "literal", "x"), ("f", "true", "t"), ("g = 7", "literal", "7"),
    ]  # fmt: skip
    either = needs("select 1 from t where a is null or b = 1", "postgres")
    assert either is not None
    assert either.conditions == ()


def test_a_text_that_was_cut_off_needs_nothing_known() -> None:
    assert needs("select a from t where b = ", "postgres") is None
