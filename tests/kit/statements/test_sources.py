"""Every table that a read of MySQL, MariaDB or SQLite names is known, or nothing is."""

from __future__ import annotations

import pytest

from dbmedic.kit.statements import sources as module
from dbmedic.kit.statements.sources import sources


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("select * from orders", {"orders"}),
        ("select * from a.b join `c`.`d` x, e", {"b", "d", "e"}),
        ("select 1 --1 from orders", {"orders"}),
        ("select /* x */ * from/**/orders # hi", {"orders"}),
        ("(select 1) union (select id from orders)", {"orders"}),
        ("select (select max(id) from orders)", {"orders"}),
        ("with orders as (select * from orders) select * from orders", {"orders"}),
        ("with a as (select * from b), b as (select 1) select * from a", {"b"}),
        ("select * from (with orders as (select 1) select * from orders) t, orders", {"orders"}),
        ("with recursive n as (select 1 as x union all select x + 1 from n where x < 5) select * from n", set()),
        ("select @@version, now()", set()),
        ("show create table orders", set()),
        ("explain select * from orders", set()),
    ],
)
def test_tables_are_named(sql, named):
    found = sources(sql, "mariadb")
    assert found is not None
    assert {one.name for one in found} == named


@pytest.mark.parametrize(
    "sql", ["select * from {oj orders left join b on 1}", "handler orders open", "select ((", "delete from t"]
)
def test_in_doubt_nothing_is_known(sql):
    assert sources(sql, "mysql") is None


def test_a_text_too_long_to_read_is_not_known():
    assert sources("select 1" + " " * module.MAX_CHARS, "mysql") is None


def test_table_functions_of_sqlite_are_named():
    assert [one.name for one in sources("select * from pragma_table_info('orders')", "sqlite") or ()] == [
        "pragma_table_info"
    ]
