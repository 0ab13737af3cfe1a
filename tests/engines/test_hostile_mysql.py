"""Nothing that reaches a MySQL or MariaDB engine changes anything, though its account may do everything."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dbmedic.core.errors import Failure, OutsideFailed, WriteRefused
from dbmedic.engines import open_engine
from dbmedic.engines.mysql_place import Place
from dbmedic.engines.mysql_session import MySession
from engines.corpus import statements
from fix_servers import Database, Server

MARK = Path("/tmp/dbmedic-hostile-my")
TRAPS = (
    "create table victim (a int primary key, b varchar(20))",
    "insert into victim values (1, 'one'), (2, 'two')",
    "create sequence ticket",
    "create table seen (a int) engine=MyISAM",
    # READ ONLY does not stop SET GLOBAL inside a function
    "create function wipe_f() returns int reads sql data begin set global slow_launch_time = 77; return 1; end",
    "create procedure wipe() delete from victim",
    "create view trap as select wipe_f() as a",
)
STATE = (
    "select * from victim",
    "select next_not_cached_value from ticket",
    "select TABLE_NAME, TABLE_TYPE, CREATE_TIME from information_schema.TABLES where TABLE_SCHEMA = database()",
    "select COLUMN_NAME from information_schema.COLUMNS where TABLE_SCHEMA = database() order by 1",
    "select INDEX_NAME from information_schema.STATISTICS where TABLE_SCHEMA = database() order by 1",
    "select VARIABLE_NAME, GLOBAL_VALUE from information_schema.SYSTEM_VARIABLES where GLOBAL_VALUE is not null"
    " and VARIABLE_NAME not like 'GTID%' order by 1",
    "select User, Host, Priv from mysql.global_priv order by 1, 2",
    "select PLUGIN_NAME, PLUGIN_STATUS from information_schema.PLUGINS order by 1",
    "select name from mysql.func",
    "select is_used_lock('x')",
    "show global status where Variable_name in ('Com_kill', 'Com_flush', 'Com_reset', 'Com_shutdown')",
)  # fmt: skip


class Watch:
    def __init__(self, database: Database) -> None:
        self.database = database

    def state(self) -> Any:
        """All that a statement could have changed."""
        return [self.database.run(statement) for statement in STATE], MARK.exists()


@pytest.fixture(scope="module")
def watch(mariadb_server: Server) -> Iterator[Watch]:
    if mariadb_server.engine != "mariadb":
        pytest.skip("the traps are MariaDB's")
    with mariadb_server.database() as database:
        database.run("select @@global.slow_launch_time", *TRAPS)
        yield Watch(database)


HOSTILE = statements("hostile/mysql.sql")


def of(database: Database, statement: str) -> str:
    return statement.replace("/tmp/dbmedic-hostile", str(MARK)).replace("hostile.wipe_f", f"{database.name}.wipe_f")


def test_the_trap_is_armed(watch: Watch) -> None:
    before = watch.database.run("select @@global.slow_launch_time")[0][0]
    try:
        watch.database.run("set session transaction read only", "select * from trap")
        assert watch.database.run("select @@global.slow_launch_time") == [(77,)]
    finally:
        watch.database.run(f"set global slow_launch_time = {before}")


@pytest.mark.parametrize("statement", HOSTILE)
async def test_a_hostile_statement_is_refused_and_changes_nothing(watch: Watch, statement: str) -> None:
    before, engine = watch.state(), open_engine(watch.database.instance)
    try:
        with pytest.raises(WriteRefused):
            await engine.rows(of(watch.database, statement), timeout_s=2)
    finally:
        await engine.close()
    assert watch.state() == before


@pytest.mark.parametrize("statement", HOSTILE)
async def test_a_hostile_statement_is_never_run_for_its_plan(watch: Watch, statement: str) -> None:
    before, engine = watch.state(), open_engine(watch.database.instance)
    began = time.monotonic()
    with contextlib.suppress(Failure):
        await engine.plan(of(watch.database, statement), timeout_s=2)
    await engine.close()
    assert time.monotonic() - began < 2
    assert watch.state() == before


@pytest.mark.parametrize("statement", statements("benign/mysql.sql"))
async def test_a_benign_statement_is_read(watch: Watch, statement: str) -> None:
    engine = open_engine(watch.database.instance)
    try:
        assert isinstance(await engine.rows(statement), list)
    finally:
        await engine.close()


WRITES = (
    "insert into victim values (9, 'x')", "delete from victim", "create table made (a int)", "truncate table victim",
    "drop table victim", "select 1; delete from victim", "commit; delete from victim", "alter table victim add c int",
    "select next value for ticket", "create user made", "rename table victim to gone",
)  # fmt: skip


@pytest.mark.parametrize("statement", WRITES)
async def test_the_server_stops_a_write_that_no_parser_saw(watch: Watch, statement: str) -> None:
    before = watch.state()
    session = await MySession.open(Place.of(watch.database.url))
    try:
        with pytest.raises(OutsideFailed) as caught:
            await session.rows(statement, (), database=None, timeout_s=2, max_rows=10)
    finally:
        await session.close()
    assert getattr(caught.value, "sqlstate", "") in ("25006", "42000"), "read-only transaction, or two statements"
    assert watch.state() == before
