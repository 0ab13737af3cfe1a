"""One connection to a store on PostgreSQL: opened, set up, brought to this release's schema, its errors in our words.

PostgreSQL 13 or later, a database of its own in UTF-8.  Values come and go as with SQLite: integers for truths and
whole numbers of any width, texts without NUL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, errors
from psycopg.adapt import Dumper, Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow, dict_row
from psycopg.types.numeric import Int8Dumper

from dbmedic.core.errors import BadField, Bug, Failure, StoreFailed, StoreFull, StoreLocked, StoreTooNew
from dbmedic.core.values import Row
from dbmedic.store.queries import PARAMETER, Query, migrations

CONNECT_S: Final = 5
LOCK_SPACE: Final = 0x64626D64
"""First half of all our advisory locks."""
MIGRATING: Final = 1
SERVING: Final = 2

GONE = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a lost connection raises; `lost` tells it from what a server answers."""
AGAIN: Final = frozenset({"40001", "40P01"})
"""A transaction that met another one; alone, later, it goes through."""

Connection = AsyncConnection[TupleRow]


class _Truth(Dumper):
    oid = psycopg.postgres.types["int8"].oid

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"


class _Text(psycopg.types.string.StrDumperUnknown):
    """PostgreSQL has no NUL in a text."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


class _Number(Loader):
    """Sums of whole numbers come as numeric."""

    def load(self, data: Any) -> int | float:
        text = bytes(data)
        return int(text) if text.isdigit() or (text[:1] == b"-" and text[1:].isdigit()) else float(text)


def place_of(url: str) -> str:
    """The address without its password.  Raises `BadField("store")`."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise BadField(
            "store", f"store: this is not an address such as postgresql://user@host/dbmedic ({error})"
        ) from None
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{user}{parts.get('host', '')}{port}/{parts.get('dbname', '')}"


async def connect(url: str, *, wait_s: float) -> Connection:
    """A connection that commits each statement by itself.  A statement waits `wait_s` for a lock."""
    connection = await AsyncConnection.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_S,
        application_name="dbmedic",
        client_encoding="utf8",
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )
    await prepare(connection, wait_s)
    return connection


async def prepare(connection: Connection, wait_s: float) -> None:
    """Sets a new connection up."""
    connection.prepare_threshold = 2
    adapters = connection.adapters
    adapters.register_dumper(int, Int8Dumper)
    adapters.register_dumper(bool, _Truth)
    adapters.register_dumper(str, _Text)
    adapters.register_loader("numeric", _Number)
    await connection.execute(
        f"set lock_timeout = {round(wait_s * 1000)}; set idle_in_transaction_session_timeout = '60s'; "
        "set default_transaction_isolation = 'read committed'; set timezone = 'UTC'"
    )


def statement(query: Query) -> bytes:
    """A named statement as psycopg wants it: `%(name)s` for `:name`."""
    return PARAMETER.sub(r"%(\1)s", query.sql.replace("%", "%%")).encode()


async def migrate(connection: Connection, place: str) -> None:
    """Brings the schema to this release's, in one transaction; several processes may do so at once, others serve.

    Raises `StoreTooNew`, and `StoreFailed` for a database that is not ours.
    """
    steps = migrations("postgres")
    known = steps[-1].number
    if await _schema_version(connection, place, known) == known:
        return
    async with connection.transaction():
        await connection.execute(f"select pg_advisory_xact_lock({LOCK_SPACE}, {MIGRATING})")
        found = await _schema_version(connection, place, known)
        for step in steps:
            if step.number > found:
                await connection.execute(step.sql.encode())
        await connection.execute("update meta set value = %s where name = 'schema_version'", (known,))


async def _schema_version(connection: Connection, place: str, known: int) -> int:
    """0 for an empty database."""
    found = await connection.execute(
        "select pg_encoding_to_char(encoding) from pg_database where datname = current_database()"
    )
    if (row := await found.fetchone()) and row[0] != "UTF8":
        raise StoreFailed(f"{place} is in {row[0]}, a store must be in UTF8; create database … encoding 'UTF8'")
    found = await connection.execute("select tablename from pg_tables where schemaname = current_schema()")
    tables = {name for (name,) in await found.fetchall()}
    if not tables:
        return 0
    if not {"meta", "events"} <= tables:
        raise StoreFailed(f"{place} is a database, but not a store of dbmedic; create an empty one for it")
    found = await connection.execute("select value from meta where name = 'schema_version'")
    row = await found.fetchone()
    version: int = row[0] if row else 0
    if version > known:
        raise StoreTooNew(place, version, known)
    return version


async def fetch(connection: Connection, sql: bytes, params: Mapping[str, Any]) -> list[Row]:
    """Runs a statement to its end and returns its rows."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(sql, params)
    return await cursor.fetchall() if cursor.description else []


def lost(error: BaseException) -> bool:
    """Whether the connection is gone or the server goes away, and a new connection may help."""
    state = getattr(error, "sqlstate", None)
    return isinstance(error, GONE) and (state is None or (state[:2] in ("08", "57") and state != "57014"))


def failure(error: BaseException, place: str, doing: str = "") -> Failure:
    """The same error in our words: what stopped us, where, and the way out."""
    said = re.sub(r"\s+", " ", str(error)).strip()
    match error:
        case Failure():
            return error
        case errors.DiskFull():
            return StoreFull(f"{place}: its disk is full; nothing of this write was kept; free some space")
        case errors.LockNotAvailable() | errors.DeadlockDetected() | errors.QueryCanceled():
            return StoreLocked(f"{place}: another session keeps it locked; nothing was written; end that session")
        case errors.TooManyConnections():
            return StoreFailed(f"{place}: no connection is free; raise max_connections")
        case errors.ReadOnlySqlTransaction():
            return StoreFailed(f"{place} takes no writes, it is a standby or read-only; name the primary")
        case errors.InsufficientPrivilege():
            return StoreFailed(f"{place}: {said}; the role must own the database")
        case psycopg.OperationalError() | psycopg.InterfaceError() | psycopg.errors.InternalError():
            return StoreFailed(f"{place}: {said}")
        case _:
            return Bug(f"{doing or place}: {type(error).__name__}: {said}")
