"""The SQLite engine: nothing hostile has an effect, and what it reads, it reads within its limits."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import apsw
import pytest

from dbmedic.core.errors import BadField, Failure, LockBlocked, StatementFailed, Timeout, Unreachable, WriteRefused
from dbmedic.core.ports import Engine
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from dbmedic.engines.sqlite_session import LiteSession
from engines.corpus import statements

MARK = Path("/tmp/dbmedic-hostile.db")
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "shop & co.db"
    connection = apsw.Connection(str(found))
    for statement in (
        "pragma journal_mode = wal",
        "create table victim (a integer primary key, b text)",
        "insert into victim values (1, 'one'), (2, 'two')",
        "create index by_b on victim (b)",
        "create view seen as select a from victim",
        "analyze",
        "pragma user_version = 4",
    ):
        list(connection.execute(statement))
    connection.close()
    return found


@pytest.fixture
async def engine(path: Path) -> AsyncIterator[Engine]:
    opened = open_engine(Instance(id="x", url=f"sqlite:///{path}"))
    yield opened
    await opened.close()


def state(path: Path) -> Any:
    """The file's bytes and name, and whether anything was written elsewhere."""
    return (
        hashlib.sha256(path.read_bytes()).hexdigest(),
        sorted(one.name for one in path.parent.iterdir()),
        MARK.exists(),
    )


@pytest.mark.parametrize("statement", statements("hostile/sqlite.sql"))
async def test_a_hostile_statement_is_refused_and_changes_nothing(engine: Engine, path: Path, statement: str) -> None:
    await engine.rows("select 1 from victim")
    before = state(path)
    with pytest.raises((WriteRefused, StatementFailed)):
        await engine.rows(statement)
    assert state(path) == before
    assert await engine.rows("select a, b from victim") == [{"a": 1, "b": "one"}, {"a": 2, "b": "two"}]


@pytest.mark.parametrize("statement", statements("hostile/sqlite.sql"))
async def test_a_hostile_statement_is_never_run_for_its_plan(engine: Engine, path: Path, statement: str) -> None:
    await engine.rows("select 1 from victim")
    before = state(path)
    with contextlib.suppress(Failure):
        await engine.plan(statement)
    assert state(path) == before


@pytest.mark.parametrize("statement", statements("hostile/sqlite.sql"))
async def test_the_session_stops_what_no_reader_saw(path: Path, statement: str) -> None:
    """Layer by layer: here without the look at the text; what still runs (two reads, an EXPLAIN) changes nothing."""
    session = await LiteSession.open(path)
    await session.rows("select 1 from victim", [], timeout_s=1, max_rows=1)
    before = state(path)
    with contextlib.suppress(Failure):
        await session.rows(statement, [], timeout_s=1, max_rows=100)
    assert state(path) == before
    await session.close()


@pytest.mark.parametrize("statement", statements("benign/sqlite.sql"))
async def test_a_benign_statement_is_read(engine: Engine, statement: str) -> None:
    assert isinstance(await engine.rows(statement), list)


async def test_facts_describe_the_file(engine: Engine, path: Path) -> None:
    facts = await engine.facts()
    assert (facts.engine, facts.database, facts.databases) == ("sqlite", path.name, (path.name,))
    assert facts.version >= (3, 51)
    assert facts.settings["journal_mode"] == "wal"
    assert facts.settings["user_version"] == "4"
    assert facts.relation_count >= 3
    assert facts.local
    assert facts.data_directory == str(path.parent)


async def test_parameters_are_bound(engine: Engine) -> None:
    sql = "select %(n)s + 1 as n, %(text)s as text, %(n)s as again, '9%%' as sign"
    rows = await engine.rows(sql, {"n": 5, "text": "x'; drop"})
    assert rows == [{"n": 6, "text": "x'; drop", "again": 5, "sign": "9%"}]


async def test_rows_are_cut(engine: Engine) -> None:
    numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)"
    assert len(await engine.rows(f"{numbers} select i from n", max_rows=5)) == 5
    assert len(await engine.rows(f"{numbers} select printf('%%1000000d', i) from n", {})) == 8


async def test_time_over_is_a_timeout(engine: Engine) -> None:
    began = anyio.current_time()
    with pytest.raises(Timeout):
        await engine.rows(ENDLESS, timeout_s=0.2)
    assert anyio.current_time() - began < 1
    assert await engine.rows("select 1 as one") == [{"one": 1}]


async def test_a_stopped_reader_stops_the_statement(engine: Engine) -> None:
    with anyio.move_on_after(0.2) as scope:
        await engine.rows(ENDLESS, timeout_s=60)
    assert scope.cancelled_caught
    with anyio.fail_after(2):
        assert await engine.rows("select 1 as one") == [{"one": 1}]
        await engine.close()


async def test_a_writers_lock_is_waited_for_no_longer_than_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "rollback.db"
    writer = apsw.Connection(str(path))
    writer.execute("create table t (a)").fetchall()
    engine = open_engine(Instance(id="x", url=f"sqlite:///{path}"))
    await engine.rows("select * from t")
    writer.execute("begin exclusive").fetchall()
    with anyio.fail_after(2), pytest.raises(LockBlocked):
        await engine.rows("select * from t")
    writer.execute("rollback").fetchall()
    assert await engine.rows("select * from t") == []
    await engine.close()
    writer.close()


async def test_a_reader_keeps_no_lock(engine: Engine, path: Path) -> None:
    await engine.rows("select * from victim", max_rows=1)
    writer = apsw.Connection(str(path))
    writer.execute("insert into victim values (3, 'three')").fetchall()
    assert writer.execute("pragma wal_checkpoint(truncate)").fetchall() == [(0, 0, 0)], "nobody pins the log"
    writer.close()
    assert len(await engine.rows("select * from victim")) == 3


async def test_a_plan_is_the_servers_words(engine: Engine) -> None:
    plan = await engine.plan("select * from victim where b = ?")
    assert "SEARCH victim USING" in plan["plan"][0]["detail"]
    assert "SEARCH" in (await engine.plan("update victim set b = :b where a = :a"))["plan"][0]["detail"]


async def test_no_file_and_no_database_are_said(tmp_path: Path) -> None:
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"no database " * 500)
    for name, words in (("absent.db", "no such file"), ("junk.db", "not a database")):
        engine = open_engine(Instance(id="x", url=f"sqlite:///{tmp_path / name}"))
        with pytest.raises(Unreachable, match=words):
            await engine.facts()
        await engine.close()
    assert not (tmp_path / "absent.db").exists()


@pytest.mark.parametrize("url", ["sqlite://host/file.db", "sqlite:///", "sqlite:///x.db?mode=rw", "oracle://h/db"])
def test_a_url_that_is_not_understood_is_said(url: str) -> None:
    with pytest.raises(BadField):
        open_engine(Instance(id="x", url=url))
