"""From every earlier schema forward, with rows in every table, while a replica of that schema still serves.

A step expands: what older code reads and writes stays as it is.  What contracts is refused here, before it is released.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from dbmedic.store import moving
from dbmedic.store.postgres import open_store as open_postgres
from dbmedic.store.queries import Dialect, Migration, migrations
from dbmedic.store.sqlite import open_store as open_sqlite
from fix_servers import Database

STEPS = {dialect: migrations(dialect) for dialect in ("sqlite", "postgres")}
EARLIER = range(1, len(STEPS["sqlite"]))
SHORT = {1, len(EARLIER) // 2, len(EARLIER)}
"""On PostgreSQL, without --long."""
OURS = ("meta", "sqlite_sequence")
WORDS = re.compile(r"segment_(words|terms|vocabulary)")
"""The word index: made anew, and written by its own kind of statement."""
CONTRACTS = (
    (r"\bdrop\s+(table|column|view|schema|index|trigger|function)\b", "drops"),
    (r"\brename\b", "renames"),
    (r"\balter\s+column\b|\bset\s+not\s+null\b|\badd\s+(constraint|unique|check|foreign|primary)\b", "tightens"),
    (r"\badd\s+column\b(?=[^;]*\bnot\s+null\b)(?![^;]*\bdefault\b)", "adds a column that older code leaves out"),
    (r"\badd\s+column\b[^;]*\b(unique|primary\s+key|check)\b", "tightens"),
    (r"\bcreate\s+unique\s+index\b(?![^;]*\bon\s+NEW\b)", "forbids what older code writes"),
    (r"\b(delete\s+from|truncate)\b", "deletes"),
)
Table = dict[str, str]
"""Columns with their types."""


def contracts(step: Migration) -> list[str]:
    """What a step does that code of the schema before it would not survive."""
    own = "|".join(re.findall(r"create\s+table\s+(\w+)", step.sql, re.IGNORECASE)) or "-"
    text = re.sub(r"--[^\n]*|'[^']*'", "", step.sql)
    text = re.sub(r"\bas\s+\$\$.*?\$\$|\bbegin\b.*?\bend\b", "", text, flags=re.IGNORECASE | re.DOTALL)
    return [what for words, what in CONTRACTS if re.search(words.replace("NEW", f"({own})"), text, re.IGNORECASE)]


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_every_step_only_expands(dialect: Dialect) -> None:
    assert {step.name: found for step in STEPS[dialect][1:] if (found := contracts(step))} == {}
    assert [step.number for step in STEPS[dialect]] == list(range(1, len(STEPS[dialect]) + 1))


@pytest.mark.parametrize(
    "sql",
    [
        "drop table keys",
        "alter table keys drop column name",
        "alter table keys rename column name to title",
        "alter table keys add column kind text not null",
        "alter table keys add column kind text unique",
        "alter table keys alter column name set not null",
        "create unique index keys_name on keys (name)",
        "delete from keys where name = ''",
    ],
)
def test_a_step_that_contracts_is_refused(sql: str) -> None:
    assert contracts(Migration(99, "it", sql))


@pytest.mark.parametrize(
    "sql",
    [
        "alter table keys add column kind text not null default 'it drops'",
        "alter table keys add column kind text",
        "create table more (id text not null primary key); create unique index more_id on more (id)",
    ],
)
def test_a_step_that_expands_is_not(sql: str) -> None:
    assert contracts(Migration(99, "it", sql)) == []


# -- with rows ------------------------------------------------------------------------------------------------------


def value(kind: str, number: int) -> Any:
    """Something of a type; another one for each number."""
    kind = kind.lower()
    if kind.startswith(("int", "bigint", "small")):
        return number
    if kind in ("real", "double precision", "numeric"):
        return number + 0.5
    return b"\x00%d" % number if kind in ("blob", "bytea") else f"k{number} 数"


def statements(table: str, columns: Table, mark: str) -> Iterator[tuple[str, list[Any]]]:
    """What code that knows just these columns says: put a row, change it, read it by all it has, delete it."""
    names, two = ", ".join(f'"{name}"' for name in columns), [value(kind, 2) for kind in columns.values()]
    yield f'insert into "{table}" ({names}) values ({", ".join([mark] * len(columns))})', two
    first = next(iter(columns))
    yield f'update "{table}" set "{first}" = "{first}" where "{first}" = {mark}', two[:1]
    yield f'select {names} from "{table}" where ' + " and ".join(f'"{name}" = {mark}' for name in columns), two
    yield f'delete from "{table}" where "{first}" = {mark}', two[:1]


def filled_sqlite(path: Path, number: int) -> tuple[apsw.Connection, dict[str, Table]]:
    """A store of an earlier schema, with a row in every table, and a process that serves on with it."""
    old = apsw.Connection(str(path))
    old.execute("pragma journal_mode = wal")
    for step in STEPS["sqlite"][:number]:
        old.execute(step.sql)
    old.execute("update meta set value = ? where name = 'schema_version'", (number,))
    tables: dict[str, Table] = {}
    for (name,) in old.execute("select name from sqlite_schema where type = 'table'").fetchall():
        if name not in OURS and not WORDS.match(name):
            tables[name] = {row[1]: row[2] for row in old.execute(f'pragma table_info("{name}")')}
    for name, columns in tables.items():
        put, _ = next(statements(name, columns, "?"))
        old.execute(put, [value(kind, 1) for kind in columns.values()])
    return old, tables


@pytest.mark.parametrize("number", EARLIER)
async def test_sqlite_goes_forward_with_its_rows_while_an_old_process_serves(tmp_path: Path, number: int) -> None:
    old, tables = filled_sqlite(tmp_path / "store.db", number)
    assert len(tables) > 5
    store = await open_sqlite(tmp_path / "store.db")
    for name, columns in tables.items():
        names = ", ".join(f'"{column}"' for column in columns)
        assert old.execute(f'select {names} from "{name}"').fetchall() == [
            tuple(value(kind, 1) for kind in columns.values())
        ]
        put, changed, read, gone = statements(name, columns, "?")
        old.execute(*put)
        old.execute(*changed)
        assert len(old.execute(*read).fetchall()) == 1, name
        old.execute(*gone)
    assert old.execute("select value from meta where name = 'schema_version'").get == STEPS["sqlite"][-1].number
    assert old.pragma("integrity_check") == "ok"
    old.close()
    await store.close()


@pytest.mark.parametrize("number", EARLIER)
async def test_postgresql_goes_forward_with_its_rows_while_an_old_replica_serves(
    postgres: Database, number: int, request: pytest.FixtureRequest
) -> None:
    if number not in SHORT and not request.config.getoption("--long"):
        pytest.skip("with --long")
    with psycopg.connect(postgres.url, autocommit=True) as old:
        old.execute("set session_replication_role = replica")  # rows in any order
        for step in STEPS["postgres"][:number]:
            old.execute(step.sql.encode())
        old.execute("update meta set value = %s where name = 'schema_version'", (number,))
        tables: dict[str, Table] = {}
        for name, column, kind in old.execute(
            "select table_name, column_name, data_type from information_schema.columns "
            "where table_schema = 'public' and is_generated = 'NEVER' "
            "and identity_generation is distinct from 'ALWAYS' order by table_name, ordinal_position"
        ):
            if name not in OURS and not WORDS.match(name):
                tables.setdefault(name, {})[column] = kind
        assert len(tables) > 5
        for name, columns in tables.items():
            put, _ = next(statements(name, columns, "%s"))
            old.execute(put.encode(), [value(kind, 1) for kind in columns.values()])
        store = await open_postgres(postgres.url)
        for name, columns in tables.items():
            names = ", ".join(f'"{column}"' for column in columns)
            assert old.execute(f'select {names} from "{name}"'.encode()).fetchall() == [
                tuple(value(kind, 1) for kind in columns.values())
            ]
            for sql, values in statements(name, columns, "%s"):
                assert old.execute(sql.encode(), values).rowcount == 1, sql
        assert old.execute("select value from meta where name = 'schema_version'").fetchall() == [
            (STEPS["postgres"][-1].number,)
        ]
        await store.close()


async def test_each_table_of_this_release_is_moved_row_by_row(tmp_path: Path, postgres: Database) -> None:
    old, tables = filled_sqlite(tmp_path / "store.db", len(STEPS["sqlite"]))
    old.close()
    await (await open_postgres(postgres.url)).close()
    told: dict[str, int] = {}
    moving.move(str(tmp_path / "store.db"), f"{postgres.url}?options=-csession_replication_role%3Dreplica", 1,
                lambda name, rows: told.update({name: rows}))  # fmt: skip
    assert told == dict.fromkeys(tables, 1)
    for name, columns in tables.items():
        names = ", ".join(f'"{column}"' for column in columns)
        assert postgres.run(f'select {names} from "{name}"') == [tuple(value(kind, 1) for kind in columns.values())]
