"""Filters, joins and orders that an index could serve."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dbmedic.kit.statements import asks, predicates


@pytest.mark.parametrize(
    ("engine", "sql", "found"),
    [
        ("postgres", "select * from orders where customer_id = $1", [("orders", "customer_id", "=", None)]),
        ("postgres", "select * from shop.orders o where o.a in ($2,$3) and 5 < o.b",
         [("orders", "a", "in", None), ("orders", "b", ">", None)]),
        ("postgres", "select * from t where lower(email) = $1 and a::text like 'x%' and b + 1 > 3",
         [("t", "email", "=", "lower"), ("t", "a", "like", "cast"), ("t", "b", ">", "+")]),
        ("postgres", "select * from t where a is null and b is not null and not c in (1) and d = any($1)",
         [("t", "a", "is null", None), ("t", "b", "is not null", None), ("t", "c", "not in", None),
          ("t", "d", "in", None)]),
        ("postgres", "select * from t where a not like 'x%' and not b between 1 and 2", [("t", "a", "not like", None)]),
        ("postgres", "select * from t where a = 1 or a = 2", [("t", "a", "in", None)]),
        ("postgres", "select * from t where a = 1 or b = 2", []),
        ("postgres", "select * from t where created > now() - interval $1", [("t", "created", ">", None)]),
        ("postgres", "select * from t where a between $1 and $2", [("t", "a", "between", None)]),
        ("postgres", "update orders set a = 1 where b = $1", [("orders", "b", "=", None)]),
        ("postgres", "delete from orders where b = $1 and c < $2",
         [("orders", "b", "=", None), ("orders", "c", "<", None)]),
        ("postgres", "select * from a join b on a.x = b.y where unqualified = 1", []),
        ("postgres", "with c as (select id from k where e = $1) select * from o join c on c.id = o.c where o.s = 'x'",
         [("o", "s", "=", None), ("k", "e", "=", None)]),
        ("postgres", "select * from o where exists (select 1 from i where i.o = o.id and i.q = 1)",
         [("i", "q", "=", None)]),
        ("postgres", "select trunc( ...", []),
        ("mysql", "SELECT * FROM `orders` WHERE `customer_id` = ? AND `id` IN (...)",
         [("orders", "customer_id", "=", None), ("orders", "id", "in", None)]),
        ("mariadb", "SELECT `o` . `id` FROM `orders` `o` WHERE DATE ( `o` . `created` ) = ?",
         [("orders", "created", "=", "date")]),
        ("mysql", "update a join b on a.x = b.y set a.z = 1 where b.c = 2", [("b", "c", "=", None)]),
        ("sqlite", "select * from t where a = ? and b like 'x%'", [("t", "a", "=", None), ("t", "b", "like", None)]),
    ],
)  # fmt: skip
def test_filters(engine: str, sql: str, found: list[Any]) -> None:
    assert [one[:4] for one in predicates(sql, engine)] == found


def test_everything_else_an_index_could_serve() -> None:
    found = asks(
        "select o.status, count(*) from shop.orders o join customers c on c.id = o.customer_id"
        " where o.total > 5 group by o.status order by o.created desc, o.id",
        "postgres",
    )
    assert [(one.schema, one.name) for one in found.tables] == [("shop", "orders"), (None, "customers")]
    assert [tuple(one) for one in found.joins] == [("customers", "id", "orders", "customer_id")]
    assert [tuple(one) for one in found.order_by] == [("orders", "created", True), ("orders", "id", False)]
    assert [tuple(one) for one in found.group_by] == [("orders", "status", False)]
    assert found.predicates[0].schema == "shop"


def test_joins_by_using() -> None:
    assert [tuple(one) for one in asks("select 1 from a join b using (id)", "mysql").joins] == [("a", "id", "b", "id")]


@pytest.mark.parametrize("sql", ["select from where", "show status", "x" * 300_000, "select '", "(" * 3000])
def test_what_cannot_be_read_is_said_to_be_unread(sql: str) -> None:
    found = asks(sql, "mysql")
    assert not found.parsed
    assert not found.tables


@pytest.mark.parametrize("sql", ["show all slaves status", "kill query 3", "flush tables t with read lock"])
def test_the_parser_says_nothing_of_its_own(sql: str, capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    kept, root.handlers = root.handlers, []  # as in a program that set up no log: what is said goes to stderr
    try:
        asks(f"{sql} ", "mysql")
    finally:
        root.handlers = kept
    assert capfd.readouterr() == ("", "")
