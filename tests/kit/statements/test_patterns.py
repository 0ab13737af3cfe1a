"""Habits of statements, and what only looks like one."""

from __future__ import annotations

import pytest

from dbmedic.kit.statements.patterns import patterns


@pytest.mark.parametrize(
    ("sql", "engine", "found"),
    [
        ("select id from t order by id limit $1 offset $2", "postgres", ["paging"]),
        ("select id from t order by id limit 90000, 20", "mysql", ["paging"]),
        ("select id from t limit 20 offset 0", "postgres", []),
        ("select * from t where a = $1", "postgres", ["star", "no_limit"]),
        ("select t.* from t join u on u.id = t.id limit 5", "postgres", ["star"]),
        ("select count(*) from t", "postgres", []),
        ("select a, count(*) from t group by a", "mysql", []),
        ("select id, count(*) over () from t", "postgres", ["no_limit"]),
        ("update t set a = 1", "postgres", []),
        ("select ((", "postgres", []),
    ],
)
def test_habits(sql: str, engine: str, found: list[str]) -> None:
    assert patterns(sql, engine) == found
