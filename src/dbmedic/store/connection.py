"""One connection to the embedded store: opened, set up, brought to this release's schema, its errors in our words.

Only apsw may open the file: two SQLite libraries in one process break each other's locks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from dbmedic.core.errors import Bug, Failure, StoreFailed, StoreFull, StoreLocked, StoreTooNew
from dbmedic.core.values import Row
from dbmedic.store.queries import Query, migrations

LOCK_WAIT_S = 5.0
"""How long a statement waits for another process's lock, unless told otherwise."""

BROKEN = (
    apsw.FullError, apsw.BusyError, apsw.LockedError, apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError,
    apsw.CorruptError, apsw.NotADBError, apsw.PermissionsError, apsw.NoMemError, apsw.ProtocolError,
)  # fmt: skip
"""Errors of the file or the machine: trying the same again at once does not help."""

_FLAGS = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI


def create(path: Path) -> None:
    """Makes an empty file that only its owner may read; one that exists stays as it is.  The WAL inherits the mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreFailed(f"{path} cannot be opened: {error.strerror}") from error


def connect(place: str, *, wait_s: float, read_only: bool = True) -> apsw.Connection:
    """A connection to a file, or to the in-memory database that a `file:/name?vfs=memdb` names."""
    connection = apsw.Connection(place, flags=_FLAGS)
    connection.set_busy_timeout(round(wait_s * 1000))
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma trusted_schema = off")
    connection.execute("pragma temp_store = memory")
    if read_only:
        connection.execute("pragma query_only = on")
        return connection
    _write_ahead(connection, wait_s)
    connection.execute("pragma synchronous = full")
    connection.execute("pragma cache_size = -8192")  # kibibytes
    connection.execute("pragma journal_size_limit = 67108864")
    return connection


def migrate(connection: apsw.Connection, place: str) -> None:
    """Brings the schema to this release's, in one transaction; several processes may do so at once.

    Raises `StoreTooNew`, and `StoreFailed` for a database that is not ours.
    """
    steps = migrations("sqlite")
    known = steps[-1].number
    if _schema_version(connection, place, known) == known:
        return
    connection.execute("begin immediate")
    try:
        found = _schema_version(connection, place, known)
        for step in steps:
            if step.number > found:
                connection.execute(step.sql)
        connection.execute("update meta set value = ? where name = 'schema_version'", (known,))
        connection.execute("commit")
    finally:
        roll_back(connection)


def _schema_version(connection: apsw.Connection, place: str, known: int) -> int:
    """0 for an empty database."""
    tables = {name for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")}
    if not tables:
        return 0
    if not {"meta", "events"} <= tables:
        raise StoreFailed(f"{place} is a database, but not a store of dbmedic; choose another data folder")
    found: int = connection.execute("select value from meta where name = 'schema_version'").get
    if found > known:
        raise StoreTooNew(place, found, known)
    return found


def _write_ahead(connection: apsw.Connection, wait_s: float) -> None:
    """Turns the file to WAL.  The busy handler is not asked for this change of mode, so we wait ourselves."""
    until = time.monotonic() + wait_s
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except apsw.BusyError:
            if time.monotonic() > until:
                raise
            time.sleep(0.005)


def roll_back(connection: apsw.Connection) -> None:
    """Ends a transaction if one is open; SQLite ends some by itself after an error."""
    with suppress(apsw.Error):
        if connection.in_transaction:
            connection.execute("rollback")


def fetch(
    connection: apsw.Connection, query: Query, params: Mapping[str, Any], columns: dict[str, list[str]]
) -> list[Row]:
    """Runs a statement to its end and returns its rows.  `columns` remembers the names by statement."""
    cursor = connection.execute(query.sql, params)
    first = next(cursor, None)
    if first is None:
        return []
    names = columns.get(query.name)
    if names is None:
        names = columns[query.name] = [column[0] for column in cursor.get_description()]
    rows = [dict(zip(names, first, strict=True))]
    rows.extend(dict(zip(names, row, strict=True)) for row in cursor)
    return rows


def failure(error: Exception, place: str, doing: str = "") -> Failure:
    """The same error in our words: what stopped us, where, and the way out."""
    match error:
        case Failure():
            return error
        case apsw.FullError():
            return StoreFull(f"{place}: the disk is full; nothing of this write was kept; free some space")
        case apsw.IOError() if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
            return StoreFull(f"{place}: no room for the shared memory file; free some space")
        case apsw.BusyError() | apsw.LockedError():
            return StoreLocked(f"{place}: another process keeps it locked; nothing was written; end that process")
        case apsw.NotADBError() | apsw.CorruptError():
            return StoreFailed(f"{place} is damaged or not a database ({error}); restore it from a copy")
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.CantOpenError():
            return StoreFailed(f"{place} cannot be opened or written ({error}); check that its folder is ours to write")
        case apsw.IOError() | apsw.NoMemError() | apsw.ProtocolError():
            return StoreFailed(f"{place}: {error}")
        case _:
            return Bug(f"{doing or place}: {type(error).__name__}: {error}")
