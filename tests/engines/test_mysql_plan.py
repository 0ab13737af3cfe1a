"""Digests made whole for EXPLAIN: which column a placeholder belongs to, and a sample of its type."""

from __future__ import annotations

import pytest

from dbmedic.engines import open_engine
from dbmedic.engines.mysql_plan import explainable
from fix_servers import Database

TYPES = {
    "id": "bigint(20) unsigned", "made": "datetime", "day": "date", "total": "decimal(10,2)",
    "state": "enum('new','it''s')", "name": "varchar(80)", "token": "uuid",
}  # fmt: skip


@pytest.mark.parametrize(
    ("digest", "whole"),
    [
        ("SELECT a FROM t WHERE id = ? AND name = ?", "SELECT a FROM t WHERE id = 1 AND name = '1'"),
        ("SELECT a FROM t WHERE `t` . `made` >= ? LIMIT ?", "`made` >= '2025-01-01 12:00:00' LIMIT 1"),
        ("SELECT a FROM t WHERE day BETWEEN ? AND ?", "day BETWEEN '2025-01-01' AND '2025-01-01'"),
        ("SELECT a FROM t WHERE day NOT BETWEEN ? AND ? AND id = ?", "AND '2025-01-01' AND id = 1"),
        ("SELECT a FROM t WHERE state IN (...)", "state IN ('new')"),
        ("SELECT a FROM t WHERE id IN ( ?, ... )", "id IN ( 1 )"),
        ("SELECT a FROM t WHERE id NOT IN (?, ?)", "id NOT IN (1, 1)"),
        ("SELECT a FROM t WHERE ? < o . made", "'2025-01-01 12:00:00' < o . made"),
        ("SELECT a FROM t WHERE token = ?", "token = '00000000-0000-4000-8000-000000000000'"),
        ("SELECT a FROM t WHERE lower(made) = ?", "lower(made) = '1'"),
        ("SELECT a FROM t WHERE other = ? AND total > ?", "other = '1' AND total > 1"),
        ("DELETE FROM t WHERE made < ?", "made < '2025-01-01 12:00:00'"),
    ],
)
def test_a_placeholder_becomes_a_sample_of_its_columns_type(digest: str, whole: str) -> None:
    assert whole.lower() in explainable(digest, TYPES).lower()


async def test_a_condition_on_a_time_is_planned_with_a_time(mariadb: Database) -> None:
    mariadb.run(
        "create table visits(id int primary key, made datetime not null, key (made))",
        "insert into visits select seq, timestamp'2025-06-01 00:00:00' + interval seq minute from seq_1_to_2000",
        "analyze table visits",
    )
    engine = open_engine(mariadb.instance)
    try:
        plan = str(await engine.plan("SELECT id FROM visits WHERE made < ?", database=mariadb.name))
        assert "2025-01-01 12:00:00" in plan
        assert "'access_type': 'range'" in plan
    finally:
        await engine.close()
