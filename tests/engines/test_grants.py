"""The documented accounts work as they are documented, and what is missing is named with its grant."""

from __future__ import annotations

import secrets

import pytest

from dbmedic.core.errors import Denied
from dbmedic.core.values import EngineFacts, Instance
from dbmedic.engines import open_engine
from dbmedic.engines.grants import ident, literal, missing, template
from fix_servers import Database


def facts(engine: str, *privileges: str, **more: object) -> EngineFacts:
    known = {"version": (15,), "version_text": "", "database": "shop", "role": "r", **more}
    return EngineFacts(engine=engine, privileges=frozenset(privileges), **known)  # type: ignore[arg-type]


def test_a_superuser_misses_nothing_but_what_is_switched_off() -> None:
    assert [gap.what for gap in missing(facts("postgres", superuser=True))] == ["statement statistics in shop"]
    assert missing(facts("postgres", superuser=True, extensions={"pg_stat_statements": "1.10"})) == []
    assert missing(facts("mysql", superuser=True)) == []
    off = missing(facts("mariadb", superuser=True, settings={"performance_schema": "OFF"}))
    assert [gap.what for gap in off] == ["statement statistics"]
    assert missing(facts("sqlite")) == []


def test_each_gap_has_the_grant_for_this_account() -> None:
    found = {gap.grant for gap in missing(facts("postgres", extensions={"pg_stat_statements": "1"}, role="Db Medic"))}
    assert 'GRANT pg_monitor TO "Db Medic"' in found
    found = {gap.grant for gap in missing(facts("mariadb", "PROCESS", role="'a'@'%'"))}
    assert "GRANT SLAVE MONITOR ON *.* TO 'a'@'%'" in found
    assert not any("GRANT PROCESS" in grant for grant in found)


@pytest.mark.parametrize(("name", "text"), [("shop", "shop"), ("Shop", '"Shop"'), ('a"b', '"a""b"'), ("1a", '"1a"')])
def test_names_are_quoted_where_they_must(name: str, text: str) -> None:
    assert ident(name) == text


def test_literals_are_quoted() -> None:
    assert literal("it's") == "'it''s'"


@pytest.mark.parametrize("account", ["observe", "explain"])
async def test_the_account_for_postgres(postgres: Database, account: str) -> None:
    role = f"m_{secrets.token_hex(4)}"
    statements = template("postgres", account, role, "p'w")  # type: ignore[arg-type]
    if int(postgres.server.version.split(".")[0]) < 14:
        statements = [one for one in statements if "pg_read_all_data" not in one]
    postgres.run(*statements, "create table public.orders (a int)", "create extension pg_stat_statements")
    engine = open_engine(postgres.as_role(role, "p%27w"))
    try:
        found = await engine.facts()
        gaps = {gap.what for gap in missing(found)}
        assert {"pg_monitor", "pg_read_all_stats", "pg_stat_statements"} <= found.privileges
        assert "sessions and statements of other roles" not in gaps
        assert await engine.rows("select count(*) as hidden from pg_stat_activity where query like '<insuff%'") == [
            {"hidden": 0}
        ]
        if account == "observe":
            assert "plans of the application's statements, column statistics, sequence positions" in gaps
            with pytest.raises(Denied):
                await engine.plan("select * from orders")
        elif found.version >= (14,):
            assert gaps == set()
            assert (await engine.plan("select * from orders"))["Plan"]["Relation Name"] == "orders"
    finally:
        await engine.close()
        postgres.run(f"drop owned by {role}", f"drop role {role}")


@pytest.mark.parametrize("account", ["observe", "explain"])
async def test_the_account_for_mariadb(mariadb: Database, account: str) -> None:
    user = f"m_{secrets.token_hex(4)}"
    family = mariadb.server.engine
    mariadb.run("create table orders (a int)", *template(family, account, user, "p'w"))  # type: ignore[arg-type]
    engine = open_engine(Instance(id="x", url=mariadb.server.at("", user=user, password="p%27w")))
    try:
        gaps = {gap.what for gap in missing(await engine.facts())}
        columns = await engine.rows(
            "select COLUMN_NAME as name from information_schema.COLUMNS where TABLE_SCHEMA = %(db)s",
            {"db": mariadb.name},
        )
        assert columns == [{"name": "a"}]
        if account == "observe":
            assert gaps == {"plans of the application's statements"}
            with pytest.raises(Denied):
                await engine.plan("select * from orders", database=mariadb.name)
        else:
            assert gaps == set()
            assert await engine.plan("select * from orders", database=mariadb.name)
    finally:
        await engine.close()
        mariadb.run(f"drop user {user}@'%'")


def test_there_is_no_account_for_a_file() -> None:
    assert template("sqlite", "observe") == []
