"""Other wordings of a statement: what they are, what they leave alone, and that they give the same rows."""

from __future__ import annotations

import pytest

from dbmedic.kit.statements.rewrite import rewrites
from fix_servers import Database

SAID = [
    ("select * from orders where id not in (select order_id from refunds where x = $1)", "postgres", "not_in",
     "SELECT * FROM orders WHERE NOT EXISTS(SELECT 1 FROM refunds WHERE x = $1 AND refunds.order_id = orders.id)"),
    ("select count(*) from orders where created_at::date = $1", "postgres", "day",
     "SELECT COUNT(*) FROM orders WHERE (created_at >= CAST($1 AS DATE) AND created_at < CAST($1 AS DATE) + 1)"),
    ("select 1 from o where date(made) = '2026-01-01'", "mysql", "day",
     "SELECT 1 FROM o WHERE (made >= '2026-01-01' AND made < DATE('2026-01-01') + INTERVAL '1' DAY)"),
    ("select * from o where year(made) = 2026", "mysql", "year",
     "SELECT * FROM o WHERE (made >= '2026-01-01' AND made < '2027-01-01')"),
    ("select * from o where total + 5 > $1", "postgres", "arithmetic", "SELECT * FROM o WHERE total > $1 - 5"),
    ("select id from t order by id limit $1 offset $2", "postgres", "keyset",
     "SELECT id FROM t WHERE id > $2 ORDER BY id LIMIT $1"),
    ("select id from orders where code = 5", "mysql", "number", "SELECT id FROM orders WHERE code = '5'"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "engine", "kind", "said"), SAID)
def test_each_wording(sql: str, engine: str, kind: str, said: str) -> None:
    found = {one.kind: one.statement for one in rewrites(sql, engine, frozenset({"code"}))}
    assert found == {kind: said}


@pytest.mark.parametrize(
    "sql",
    ["select 1", "select * from t where a = 1", "select * from a where id not in (1, 2)", "drop table t", "((", "",
     "select id from t limit 5 offset 5", "select a, max(b) from t where a = 1 or b = 2 group by a",
     "select * from a join b on a.x = b.y where id not in (select z from c)", "select * from o where total + n > 5"],
)  # fmt: skip
def test_what_cannot_be_worded_better_is_left_alone(sql: str) -> None:
    assert rewrites(sql, "postgres") == []


POSTGRES = [
    "select id from a where id not in (select a_id from b where n = 3) order by id",
    "select id from a where made::date = '2026-01-02' order by id",
    "select id from a where date_trunc('day', made) = '2026-01-02' order by id",
    "select id from a where extract(year from made) = 2026 order by id",
    "select id from a where n + 5 > 12 order by id",
    "select id, n from a where n = 3 or k = 4",
    "select a.id, (select max(b.n) from b where b.a_id = a.id and b.n < 9) as top from a where a.id < 90",
]


def test_they_give_the_same_rows(postgres: Database) -> None:
    postgres.run(
        "create table a(id int primary key, n int, k int, made timestamp)",
        "insert into a select i, nullif(i % 10, 7), i % 7, timestamp '2025-12-30' + i * interval '1 hour'"
        " from generate_series(1, 300) i",
        "create table b(id int primary key, a_id int not null, n int)",
        "insert into b select i, i * 2, i % 11 from generate_series(1, 100) i",
    )
    for sql in POSTGRES:
        found = rewrites(sql, "postgres")
        assert found, sql
        for one in found:
            assert sorted(postgres.run(one.statement)) == sorted(postgres.run(sql)), one
