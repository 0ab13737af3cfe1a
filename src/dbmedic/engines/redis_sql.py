"""SQL over a few tables in memory.  Pure: rows in, rows out.

SQLite does the work, in a database that holds nothing but these tables; its authorizer lets a statement read and
compute and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import apsw

from dbmedic.core.errors import StatementFailed, Timeout, WriteRefused
from dbmedic.core.values import Row
from dbmedic.engines.limits import Cut
from dbmedic.engines.redis_tables import COLUMNS
from dbmedic.kit.statements.reading import functions
from dbmedic.kit.statements.text import tokens

STEPS = 10_000
"""Virtual machine steps between two looks at the clock."""
_READS = (apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_RECURSIVE)


def tables_in(sql: str) -> list[str]:
    """The tables that a statement names, in order."""
    words = (token.text.strip('"').lower() for token in tokens(sql, "sqlite") if token.kind in ("word", "name"))
    return [name for name in dict.fromkeys(words) if name in COLUMNS]


def answer(sql: str, args: Sequence[Any], tables: Mapping[str, Sequence[Row]], cut: Cut, timeout_s: float) -> list[Row]:
    """The rows of one SELECT with `?` placeholders.  Raises `StatementFailed`, `Timeout`, `WriteRefused`."""
    connection = apsw.Connection(":memory:")
    try:
        for name, rows in tables.items():
            _fill(connection, name, rows)
        until = time.monotonic() + timeout_s
        connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
        connection.authorizer = _allows
        cursor = connection.cursor()
        names: list[str] = []
        for row in cursor.execute(sql, tuple(args)):
            names = names or [column[0] for column in cursor.get_description()]
            if not cut.takes(dict(zip(names, row, strict=True))):
                break
    except apsw.InterruptError:
        raise Timeout(timeout_s) from None
    except apsw.AuthError as error:
        raise WriteRefused(sql, str(error)) from None
    except apsw.Error as error:
        raise StatementFailed(str(error), "") from None
    finally:
        connection.close(True)
    return cut.rows


def _fill(connection: apsw.Connection, name: str, rows: Sequence[Row]) -> None:
    """A table with the columns it always has, and those that this server adds."""
    columns = list(dict.fromkeys([*COLUMNS[name], *(column for row in rows[:1] for column in row)]))
    quoted = ", ".join('"' + column.replace('"', '""') + '"' for column in columns)
    connection.execute(f'create table "{name}"({quoted})')
    holes = ", ".join("?" * len(columns))
    values = ([row.get(column) for column in columns] for row in rows)
    connection.executemany(f'insert into "{name}" values ({holes})', values)  # noqa: S608 - a name of COLUMNS


def _allows(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
    function = action == apsw.SQLITE_FUNCTION and (second or "").lower() not in functions("sqlite")["refused"]
    return apsw.SQLITE_OK if action in _READS or function else apsw.SQLITE_DENY
