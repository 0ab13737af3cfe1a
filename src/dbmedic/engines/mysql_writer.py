"""The write account of one MySQL or MariaDB: opened for one approved statement, closed after it.

The capability to send several statements at once is never asked for, so the server itself refuses a second one.
"""

from __future__ import annotations

import asyncio
import time

from asyncmy import errors

from dbmedic.core.errors import Denied, Failure, LockBlocked, StatementFailed, Timeout, Unreachable
from dbmedic.core.values import Instance, Outcome
from dbmedic.engines.limits import CONNECT_S
from dbmedic.engines.mysql_place import Place
from dbmedic.engines.mysql_session import DENIED, LOST, TIMED_OUT, Connected, grant, not_connected
from dbmedic.engines.secrets import hidden

_LOCKED = (1205, 3572)
_DEADLOCK = 1213


class MySqlWriter:
    """One connection, with autocommit."""

    def __init__(self, instance: Instance, database: str = "") -> None:
        """Raises `BadField("url")`."""
        assert instance.write_url is not None
        self._place = Place.of(instance.write_url)
        self._database = database
        self._connection: Connected | None = None
        self._account = ""

    async def facts(self) -> tuple[str, str]:
        connection = await self._opened()
        row = await self._row(connection, "/* dbmedic */ select coalesce(database(), ''), current_user(), version()")
        self._account = row[1]
        return row[0], row[1]

    async def execute(self, statement: str, /, *, lock_timeout_s: float = 3.0, timeout_s: float = 600.0) -> Outcome:
        connection = await self._opened()
        started = time.monotonic()
        wait = max(1, round(lock_timeout_s))
        try:
            await connection.query(f"set lock_wait_timeout = {wait}, innodb_lock_wait_timeout = {wait}")
            async with asyncio.timeout(timeout_s):
                rows = await connection.query(statement)
        except TimeoutError:
            await self._kill(connection)
            raise Timeout(timeout_s) from None
        except asyncio.CancelledError:
            await asyncio.shield(self._kill(connection))
            raise
        except errors.MySQLError as error:
            raise self._failure(error, lock_timeout_s, timeout_s) from None
        except RuntimeError as error:  # the driver's word for a socket that was closed under it
            raise Unreachable(f"{self._place}: {error}; the outcome is unknown") from None
        notices = await self._notices(connection)
        return Outcome(rows=rows, notices=notices, took_s=time.monotonic() - started)

    async def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                async with asyncio.timeout(1.0):
                    await connection.ensure_closed()
            except (errors.MySQLError, OSError):
                connection.close()

    async def _opened(self) -> Connected:
        if self._connection is None:
            connection = Connected(self._place)
            try:
                async with asyncio.timeout(CONNECT_S):
                    await connection.connect()
                    await connection.query("set session transaction read write")
                    if self._database:
                        await connection.select_db(self._database)
            except (errors.MySQLError, OSError) as error:  # a TimeoutError is an OSError
                connection.close()
                raise not_connected(error, self._place) from None
            self._connection = connection
        return self._connection

    async def _row(self, connection: Connected, sql: str) -> tuple[str, ...]:
        try:
            await connection.query(sql)
        except errors.MySQLError as error:
            raise self._failure(error, 0, CONNECT_S) from None
        return tuple(str(value) for value in connection._result.rows[0])

    async def _notices(self, connection: Connected) -> tuple[str, ...]:
        """Warnings, and the rows of statements that answer with messages (OPTIMIZE, ANALYZE)."""
        rows = list(connection._result.rows or ())
        try:
            await connection.query("show warnings limit 20")
        except errors.MySQLError:
            return ()
        said = [str(row[-1]) for row in (*rows[:20], *(connection._result.rows or ()))]
        return tuple(hidden(text) for text in said)

    async def _kill(self, connection: Connected) -> None:
        """Ends the statement on the server from a second connection."""
        try:
            async with asyncio.timeout(CONNECT_S):
                other = Connected(self._place)
                await other.connect()
                try:
                    await other.query(f"kill query {int(connection.thread_id())}")
                finally:
                    await other.ensure_closed()
        except (errors.MySQLError, OSError):
            pass
        connection.close()

    def _failure(self, error: errors.MySQLError, lock_timeout_s: float, timeout_s: float) -> Failure:
        code, said = (error.args[0], str(error.args[1])) if len(error.args) > 1 else (0, str(error))
        said = hidden(said)
        if code in LOST:
            return Unreachable(f"{self._place}: {said}; the outcome is unknown")
        if code in _LOCKED:
            return LockBlocked(f"the lock was not had within {lock_timeout_s:g} s; nothing was changed")
        if code == _DEADLOCK:
            return LockBlocked("a deadlock ended the statement; nothing was changed")
        if code in TIMED_OUT:
            return Timeout(timeout_s)
        if code in DENIED:
            user, _, host = self._account.rpartition("@")
            return Denied(f"{self._place}: {said}", grant(said, f"'{user}'@'{host}'"))
        return StatementFailed(said, str(getattr(error, "sqlstate", None) or code))
