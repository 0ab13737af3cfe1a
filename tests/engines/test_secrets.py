"""Secrets that a superuser could read do not leave the engine."""

from __future__ import annotations

import secrets

import pytest

from dbmedic.engines import open_engine
from dbmedic.engines.secrets import hidden, without_secrets
from fix_servers import Database

READS = (
    "select rolpassword from pg_authid where rolname = '{role}'",
    "select rolpassword as harmless from pg_authid where rolname = '{role}'",
    "select * from pg_authid where rolname = '{role}'",
    "select passwd from pg_shadow where usename = '{role}'",
    "select to_jsonb(a) as j, a::text as t, array[rolpassword] as l from pg_authid a where rolname = '{role}'",
)


@pytest.mark.parametrize("sql", READS)
async def test_password_hashes_of_postgres_stay_there(postgres: Database, sql: str) -> None:
    role = f"s_{secrets.token_hex(4)}"
    postgres.run(f"create role {role} login password 'geheim'")
    engine = open_engine(postgres.instance)
    try:
        rows = await engine.rows(sql.format(role=role))
    finally:
        await engine.close()
        postgres.run(f"drop role {role}")
    assert len(rows) == 1
    assert "SCRAM-SHA-256$" not in str(rows)
    assert "<hidden>" in str(rows)


async def test_whether_there_is_a_password_may_be_asked(postgres: Database) -> None:
    engine = open_engine(postgres.instance)
    rows = await engine.rows(
        "select rolpassword is not null as has, left(rolpassword, 5) as kind from pg_authid limit 1"
    )
    await engine.close()
    assert set(rows[0]) == {"has", "kind"}
    assert isinstance(rows[0]["has"], bool)


async def test_values_of_rows_in_statistics_stay_there(postgres: Database) -> None:
    postgres.run("create table t (name text)", "insert into t select 'Ada' from generate_series(1, 100)", "analyze t")
    engine = open_engine(postgres.instance)
    rows = await engine.rows("select * from pg_stats where tablename = 't'")
    await engine.close()
    assert "Ada" not in str(rows)
    assert rows[0]["null_frac"] == 0


@pytest.mark.parametrize(
    "sql",
    [
        "select * from mysql.global_priv",
        "select User, authentication_string from mysql.user",
        "select User, Password as p from mysql.user",
    ],
)
async def test_password_hashes_of_mariadb_stay_there(mariadb: Database, sql: str) -> None:
    engine = open_engine(mariadb.instance)
    rows = await engine.rows(sql)
    await engine.close()
    assert rows
    assert "<hidden>" in str(rows)
    hashes = mariadb.run("select authentication_string from mysql.user where authentication_string like '*%'")
    assert hashes
    assert not any(one[0] in str(rows) for one in hashes)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("host=db password=geheim user=x", "host=db password=<hidden> user=x"),
        ("host=db password='ge heim' user=x", "host=db password=<hidden> user=x"),
        ("postgres://app:geheim@db/shop", "postgres://<hidden>@db/shop"),
        ("*6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9", "<hidden>"),
        ("md5a3556571e93b0d20722ba62be61e8c2d", "<hidden>"),
        ("alter role x password 'geheim'", "alter role x password <hidden>"),
        ("create user x identified by 'ge''heim' account lock", "create user x identified by <hidden> account lock"),
        ("select a * b from t where c = 'password'", "select a * b from t where c = 'password'"),
    ],
)
def test_secrets_by_their_looks(text: str, clean: str) -> None:
    assert hidden(text) == clean


def test_ordinary_rows_are_handed_through_untouched() -> None:
    rows = [{"password": "x"}]
    assert without_secrets(rows, "select 1") is rows
