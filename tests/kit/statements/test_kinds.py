"""What a statement does, engine by engine, side by side."""

from __future__ import annotations

import pytest

from dbmedic.kit.statements import kind, reading, refusal, why_not_planned
from dbmedic.kit.statements.reading import MAX_CHARS


@pytest.mark.parametrize(
    ("sql", "postgres", "mysql", "sqlite"),
    [
        ("select 1", "read", "read", "read"),
        ("with x as (select 1) select * from x", "read", "read", "read"),
        ("values (1)", "read", "read", "read"),
        ("explain select 1", "read", "read", "read"),
        ("insert into t values (1)", "write", "write", "write"),
        ("update t set a = 1", "write", "write", "write"),
        ("delete from t", "write", "write", "write"),
        ("with x as (select 1) delete from t", "write", "write", "write"),
        ("truncate table t", "write", "write", "administer"),
        ("create index i on t (a)", "define", "define", "define"),
        ("create table t (a int)", "define", "define", "define"),
        ("alter table t add column b int", "define", "define", "define"),
        ("drop table t", "define", "define", "define"),
        ("create role r", "administer", "administer", "define"),
        ("grant select on t to r", "administer", "administer", "administer"),
        ("vacuum", "administer", "administer", "administer"),
        ("set a = 1", "administer", "administer", "administer"),
        ("select 1; select 2", "unknown", "unknown", "unknown"),
        ("selec 1", "unknown", "administer", "administer"),
        ("", "unknown", "unknown", "unknown"),
    ],
)
def test_kinds(sql: str, postgres: str, mysql: str, sqlite: str) -> None:
    assert {engine: kind(sql, engine) for engine in ("postgres", "mysql", "mariadb", "sqlite")} == {
        "postgres": postgres, "mysql": mysql, "mariadb": mysql, "sqlite": sqlite,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "engine", "expected"),
    [
        ("select pg_terminate_backend(5)", "postgres", "administer"),
        ("select nextval('s')", "postgres", "write"),
        ("select my_function()", "postgres", "write"),
        ("alter system set work_mem = '8MB'", "postgres", "administer"),
        ("create extension pg_stat_statements", "postgres", "administer"),
        ("create index concurrently i on t (a)", "postgres", "define"),
        ("alter role app set idle_in_transaction_session_timeout = '10min'", "postgres", "administer"),
        ("copy t from stdin", "postgres", "write"),
        ("copy t to program 'x'", "postgres", "administer"),
        ("kill query 5", "mysql", "administer"),
        ("set global max_connections = 5", "mariadb", "administer"),
        ("create user u", "mysql", "administer"),
        ("optimize table t", "mysql", "administer"),
        ("select sleep(1)", "mysql", "write"),
        ("pragma journal_mode = wal", "sqlite", "write"),
    ],
)
def test_kinds_of_fixes(sql: str, engine: str, expected: str) -> None:
    assert kind(sql, engine) == expected


@pytest.mark.parametrize("engine", ["postgres", "mysql", "mariadb", "sqlite"])
@pytest.mark.parametrize("sql", ["select 1\0", "x" * (MAX_CHARS + 1), "(" * 5000 + "select 1" + ")" * 5000, ";", "\\"])
def test_odd_texts_are_refused_and_nothing_is_raised(sql: str, engine: str) -> None:
    if sql.startswith("((") and engine != "sqlite":
        assert reading(sql, engine).kind in ("read", "unknown"), "a parser may know it; it must not fall over"
        return
    assert refusal(sql, engine)


def test_a_refusal_is_a_sentence_that_names_the_thing() -> None:
    assert refusal("select pg_read_file('x')", "postgres") == "function pg_read_file does more than read"
    assert refusal("select * from t for update", "mysql") == "FOR UPDATE and FOR SHARE lock rows"
    assert refusal("attach 'x' as y", "sqlite") == "ATTACH does more than read"


def test_relations_are_without_ctes_and_with_their_schemas() -> None:
    found = reading("with x as (select * from a.b) select * from x join pg_class c on true, lower('a') f", "postgres")
    assert {(one.schema, one.name) for one in found.relations} == {("a", "b"), (None, "pg_class")}
    assert [one.name for one in found.functions] == ["lower"]


@pytest.mark.parametrize("engine", ["postgres", "mysql", "sqlite"])
def test_plans_are_for_statements_that_have_one(engine: str) -> None:
    for sql in ("select * from t", "delete from t where a = 1", "update t set a = 1", "insert into t (a) values (1)"):
        assert why_not_planned(sql, engine) is None, sql
    for sql in ("create table t (a int)", "vacuum", "select 1; select 2", "", "begin"):
        assert why_not_planned(sql, engine), sql
