"""The write account of one PostgreSQL: opened for one approved statement, closed after it.

Not an engine: nothing is read here but where we are.  https://www.postgresql.org/docs/current/sql-commands.html
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor

from dbmedic.core.errors import Denied, Failure, LockBlocked, StatementFailed, Timeout, Unreachable
from dbmedic.core.values import Instance, Outcome
from dbmedic.engines.limits import CONNECT_S
from dbmedic.engines.postgres_session import Place, not_connected
from dbmedic.engines.secrets import hidden

_NOTICES = 20
"""Kept of what the server says while it works."""


class PostgresWriter:
    """One connection, in autocommit: `CREATE INDEX CONCURRENTLY` and `VACUUM` refuse a transaction block."""

    def __init__(self, instance: Instance, database: str = "") -> None:
        """Raises `BadField("url")`."""
        assert instance.write_url is not None
        self._place = Place(instance.write_url)
        self._database = database or self._place.database
        self._connection: AsyncConnection[Any] | None = None
        self._notices: list[str] = []

    async def facts(self) -> tuple[str, str]:
        connection = await self._opened()
        row = await (await connection.execute("/* dbmedic */ select current_database(), current_user")).fetchone()
        assert row is not None
        return str(row[0]), str(row[1])

    async def execute(self, statement: str, /, *, lock_timeout_s: float = 3.0, timeout_s: float = 600.0) -> Outcome:
        connection = await self._opened()
        started = time.monotonic()
        try:
            await connection.execute(f"set lock_timeout = {int(lock_timeout_s * 1000)}")
            await connection.execute(f"set statement_timeout = {int(timeout_s * 1000)}")
            # Prepared, so that the server itself refuses a second statement in the text.
            cursor = await AsyncRawCursor(connection).execute(statement.encode(), prepare=True)
        except psycopg.Error as error:
            raise _failure(error, self._place, lock_timeout_s, timeout_s) from None
        rows = cursor.rowcount if _counts(cursor) else None
        return Outcome(rows=rows, notices=tuple(self._notices[-_NOTICES:]), took_s=time.monotonic() - started)

    async def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _opened(self) -> AsyncConnection[Any]:
        if self._connection is None:
            params: dict[str, Any] = {
                "gssencmode": "disable",
                **self._place.params,
                "dbname": self._database,
                "application_name": "dbmedic-change",
                "client_encoding": "utf8",
                "connect_timeout": int(CONNECT_S),
            }
            try:
                async with asyncio.timeout(CONNECT_S):
                    self._connection = await AsyncConnection.connect(autocommit=True, prepare_threshold=None, **params)
            except (psycopg.Error, OSError) as error:  # a TimeoutError is an OSError
                raise not_connected(error, self._place, self._database) from None
            self._connection.add_notice_handler(lambda notice: self._notices.append(notice.message_primary or ""))
        return self._connection


def _counts(cursor: psycopg.AsyncCursor[Any]) -> bool:
    """Whether the server counted rows: not for CREATE, VACUUM, SET …"""
    return (cursor.statusmessage or "").partition(" ")[0] in ("INSERT", "UPDATE", "DELETE", "MERGE", "SELECT", "COPY")


def _failure(error: psycopg.Error, place: Place, lock_timeout_s: float, timeout_s: float) -> Failure:
    state = error.sqlstate or ""
    said = hidden(error.diag.message_primary or str(error)).strip()
    if state == "55P03":
        return LockBlocked(f"the lock was not had within {lock_timeout_s:g} s; nothing was changed")
    if state == "57014" and "statement timeout" in said:
        return Timeout(timeout_s)
    if state == "42501":
        return Denied(f"{place}: {said}")
    if not state or state[:2] in ("08", "57"):
        return Unreachable(f"{place}: {said or 'the connection was lost'}; the outcome is unknown")
    return StatementFailed(said, state)
