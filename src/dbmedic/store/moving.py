"""A store's rows from SQLite to PostgreSQL, in one transaction, and each compared afterwards.  Blocks: for a thread.

The word index is not moved: SQLite keeps its words in a form that cannot be read back, so every document is queued for
it, and a server makes it anew from the passages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import apsw
import psycopg
from psycopg import sql

from dbmedic.core.errors import StoreFailed
from dbmedic.store import connection as sqlite

CHUNK: Final = 500
LEFT_OUT: Final = frozenset({"meta", "segment_words"})


class Table(NamedTuple):
    """A table that both stores have."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def move(place: str, url: str, now: int, told: Callable[[str, int], None]) -> int:
    """Moves the store in this SQLite file into the empty one at `url`; returns how many rows there are.

    Both have this release's schema.  `now` is in microseconds since 1970.  `told` hears each table with its rows.
    Raises `StoreFailed` when the target is not empty, or when a row cannot be put there, or differs afterwards; nothing
    is kept then.
    """
    source = sqlite.connect(place, wait_s=sqlite.LOCK_WAIT_S)
    try:
        source.execute("begin")  # one state of it throughout
        with psycopg.connect(url) as target:
            tables = list(_in_order(target))
            if full := [table.name for table in tables if _count(target, table)]:
                raise StoreFailed(f"the target has rows in {', '.join(full)}; name an empty database")
            total = 0
            for table in tables:
                _copy(source, target, table)
                total += (rows := _compared(source, target, table))
                told(table.name, rows)
            _count_on(target)
            target.execute(
                "insert into index_jobs (document, attempts, at, kind) select id, 0, %s, 'words' from documents "
                "where status = 'completed' on conflict do nothing",
                (now,),
            )
            target.execute("update meta set value = value + 1 where name = 'version'")
        return total
    finally:
        source.close()


def _in_order(target: psycopg.Connection[Any]) -> Iterator[Table]:
    """Every table after those it refers to."""
    columns: dict[str, list[str]] = {}
    for name, column in target.execute(
        "select table_name, column_name from information_schema.columns where table_schema = current_schema() "
        "order by table_name, ordinal_position"
    ):
        columns.setdefault(name, []).append(column)
    keys: dict[str, list[str]] = {}
    for name, column in target.execute(
        "select c.relname, a.attname from pg_index i join pg_class c on c.oid = i.indrelid "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey) "
        "where i.indisprimary and c.relnamespace = current_schema()::regnamespace "
        "order by c.relname, array_position(i.indkey::int[], a.attnum::int)"
    ):
        keys.setdefault(name, []).append(column)
    needs: dict[str, set[str]] = {name: set() for name in keys if name not in LEFT_OUT}
    for name, other in target.execute(
        "select c.relname, r.relname from pg_constraint f join pg_class c on c.oid = f.conrelid "
        "join pg_class r on r.oid = f.confrelid where f.contype = 'f' and c.oid <> r.oid"
    ):
        if name in needs:
            needs[name].add(other)
    while needs:
        ready = sorted(name for name, others in needs.items() if not others & needs.keys())
        for name in ready:
            del needs[name]
            yield Table(name, tuple(columns[name]), tuple(keys[name]))


def _count(target: psycopg.Connection[Any], table: Table) -> int:
    row = target.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table.name))).fetchone()
    return int(row[0]) if row else 0


def _copy(source: apsw.Connection, target: psycopg.Connection[Any], table: Table) -> None:
    into = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns))
    )
    try:
        with target.cursor() as cursor, cursor.copy(into) as copy:
            for rows in _chunks(source, table):
                for row in rows:
                    copy.write_row(row)
    except psycopg.DataError as error:
        raise StoreFailed(
            f"{table.name} holds a value that PostgreSQL refuses: {error.diag.message_primary}"
        ) from error


def _compared(source: apsw.Connection, target: psycopg.Connection[Any], table: Table) -> int:
    """How many rows there are on both sides, after each was looked up by its key and compared."""
    names = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    place = [table.columns.index(column) for column in table.key]
    marks = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(place)))
    seen = 0
    for rows in _chunks(source, table):
        wanted = {tuple(row[index] for index in place): tuple(row) for row in rows}
        query = sql.SQL("select {} from {} where ({}) in ({})").format(
            names,
            sql.Identifier(table.name),
            sql.SQL(", ").join(map(sql.Identifier, table.key)),
            sql.SQL(", ").join([marks] * len(wanted)),
        )
        found = target.execute(query, [value for key in wanted for value in key]).fetchall()
        kept = {tuple(row[index] for index in place): tuple(row) for row in found}
        if wrong := next((key for key, row in wanted.items() if kept.get(key) != row), None):
            raise StoreFailed(f"{table.name}: the row {', '.join(map(str, wrong))} differs after the move")
        seen += len(rows)
    if seen != (count := _count(target, table)):
        raise StoreFailed(f"{table.name}: {seen} rows were moved, {count} are there")
    return seen


def _chunks(source: apsw.Connection, table: Table) -> Iterator[list[Sequence[Any]]]:
    names = ", ".join(f'"{column}"' for column in table.columns)
    cursor = source.execute(f'select {names} from "{table.name}"')  # noqa: S608 - names of our own schema
    rows: list[Sequence[Any]] = []
    try:
        for row in cursor:
            rows.append([value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row])
            if len(rows) == CHUNK:
                yield rows
                rows = []
    except UnicodeDecodeError as error:
        raise StoreFailed(f"{table.name} holds text that is not UTF-8; nothing was moved") from error
    if rows:
        yield rows


def _count_on(target: psycopg.Connection[Any]) -> None:
    """Lets what numbers its rows go on behind the largest number."""
    for name, column in target.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = current_schema() and is_identity = 'YES'"
    ).fetchall():
        target.execute(
            sql.SQL("select setval(pg_get_serial_sequence({}, {}), coalesce(max({}), 0) + 1, false) from {}").format(
                sql.Literal(name), sql.Literal(column), sql.Identifier(column), sql.Identifier(name)
            )
        )
