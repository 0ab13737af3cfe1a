"""One connection to PostgreSQL: how it is opened, what it promises the server, and how its values become ours.

Read-only from the first packet: the settings travel with the connection request, and a pooler that drops them is
refused before anything is set on a session that belongs to others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from functools import cache
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor, pq
from psycopg.adapt import AdaptersMap
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from dbmedic.core.errors import (
    AccountFull,
    BadField,
    Denied,
    Failure,
    LockBlocked,
    NoSlotLeft,
    SignInFailed,
    StatementFailed,
    Timeout,
    Unreachable,
)
from dbmedic.core.values import Row
from dbmedic.engines import thishost
from dbmedic.engines.grants import ident, postgres_grant
from dbmedic.engines.limits import CONNECT_S, Cut
from dbmedic.engines.pool import ENOUGH, STOP_S, Gone
from dbmedic.engines.postgres_values import register, register_lenient
from dbmedic.kit.statements import Reading

CHUNK = 25
"""Rows fetched at a time."""
PRELUDE = {
    "default_transaction_read_only": "on",
    "statement_timeout": "5000",
    "lock_timeout": "200",
    "idle_in_transaction_session_timeout": "10000",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
}
"""Sent with the connection request.  What an EXPLAIN must be able to reset to the server's own value is set later."""
SETTLE = """/* dbmedic */
select case when current_setting('default_transaction_read_only') = 'on' then
    set_config('search_path', 'pg_catalog', false) || set_config('max_parallel_workers_per_gather', '0', false)
    || set_config('jit', 'off', false) || set_config('row_security', 'off', false)
    || set_config('constraint_exclusion', 'off', false)
    || case when current_setting('server_version_num')::int >= 150000
            then set_config('stats_fetch_consistency', 'none', false) else '' end
end"""
"""Policies and constraints of users' tables call users' functions: with both off, a read runs none of them."""
_CLIENT_SIDE = (
    "refused", "timeout", "could not translate", "no such file", "unreachable", "no route", "ssl error",
    "does not support ssl", "certificate", "closed the connection", "name or service", "reset by peer",
    "no address", "starting up", "shutting down", "too many", "connection slots", "recovery", "failed to resolve",
)  # fmt: skip
"""Words of messages that mean: try again or mend the way there; all others come from the sign-in."""


class Place:
    """Where and as whom, for connecting and for sentences; never shows the password."""

    def __init__(self, url: str) -> None:
        """Raises `BadField("url")` for what libpq does not understand."""
        try:
            self.params = conninfo_to_dict(url)
        except psycopg.Error:
            raise BadField(
                "url", "not a PostgreSQL URL: postgresql://user:password@host:port/database?sslmode=…"
            ) from None
        self.role = str(self.params.get("user") or "")
        self.database = str(self.params.get("dbname") or self.role)
        self.host = str(self.params.get("host") or self.params.get("hostaddr") or "localhost")
        self.port = int(str(self.params.get("port") or "5432").split(",")[0])

    @property
    def account(self) -> str:
        """The same for two URLs of one server and role, also when one of them goes by a socket file."""
        host = "localhost" if thishost.loopback(self.host) else self.host.lower()
        return f"postgres {host}:{self.port} {self.role}"

    def __str__(self) -> str:
        where = self.host if self.host.startswith("/") else f"{self.host}:{self.port}"
        return f"{where} as {self.role or 'the default role'}"

    def connection_params(self, database: str) -> dict[str, Any]:
        options = " ".join(f"-c {name}={value}" for name, value in PRELUDE.items())
        own = {"gssencmode": "disable", "keepalives_idle": "30", **self.params}
        return own | {
            "dbname": database,
            "application_name": "dbmedic",
            "client_encoding": "utf8",
            "connect_timeout": int(CONNECT_S),
            "options": f"{self.params.get('options') or ''} {options}".strip(),
        }


class PgSession:
    """Runs one statement at a time, each in a read-only transaction of its own."""

    def __init__(self, connection: AsyncConnection[Any], place: Place, database: str) -> None:
        self._connection, self.place, self.database = connection, place, database
        self._timeout_ms = int(PRELUDE["statement_timeout"])
        self._interrupted = False

    @classmethod
    async def open(cls, place: Place, database: str) -> PgSession:
        """Raises `Unreachable` or `SignInFailed` within 5 s."""
        try:
            async with asyncio.timeout(CONNECT_S):
                connection = await AsyncConnection.connect(
                    autocommit=True, prepare_threshold=None, context=_adapters(), **place.connection_params(database)
                )
        except (psycopg.Error, OSError) as error:  # a TimeoutError is an OSError
            raise not_connected(error, place, database) from None
        session = cls(connection, place, database)
        try:
            settled = await (await connection.execute(SETTLE)).fetchone()
        except psycopg.Error as error:
            await connection.close()
            raise not_connected(error, place, database) from None
        if settled is None or settled[0] is None:
            await connection.close()
            raise Unreachable(
                f"{place}: something between us drops session settings (a connection pooler); "
                "register the server's own address, so that the session can be read-only"
            )
        if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
            register_lenient(connection.adapters)
        return session

    @property
    def usable(self) -> bool:
        return not (self._connection.closed or self._interrupted) and self._idle

    @property
    def _idle(self) -> bool:
        return self._connection.info.transaction_status == pq.TransactionStatus.IDLE

    @property
    def version(self) -> int:
        """As `server_version_num`: 150020."""
        return self._connection.info.server_version

    @property
    def own_port(self) -> int:
        """Our end of the TCP connection; 0 over a socket file."""
        import socket

        with socket.socket(fileno=socket.dup(self._connection.pgconn.socket)) as copy:
            name = copy.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    @property
    def over_socket_file(self) -> bool:
        return self._connection.info.host.startswith("/") or not self._connection.info.host

    async def interrupt(self) -> None:
        """Ends the statement on the server; the session runs no other, so that a late cancel hits nobody."""
        self._interrupted = True
        try:
            await self._connection.cancel_safe(timeout=STOP_S)
        except psycopg.Error:
            await self._connection.close()

    async def close(self) -> None:
        await self._connection.close()

    async def rows(
        self, text: str, args: Sequence[Any], reading: Reading, *, timeout_s: float, max_rows: int
    ) -> list[Row]:
        """Rows of one statement, cut at `max_rows` and 8 MiB.  The server refuses two statements in one text."""
        cut, began = Cut(max_rows), time.monotonic()
        try:
            await self._limit(timeout_s)
            cursor = AsyncRawCursor(self._connection, row_factory=dict_row)
            async with aclosing(cursor.stream(text, list(args) or None, size=CHUNK)) as stream:  # type: ignore[type-var]
                async for row in stream:
                    if not cut.takes(row):
                        break
        except psycopg.Error as error:
            raise self.failure(error, reading, timeout_s, time.monotonic() - began) from None
        return cut.rows

    async def run(self, script: str, reading: Reading, *, timeout_s: float) -> list[tuple[Any, ...]]:
        """Rows of the last statement of our own script, which opens and ends its own transaction."""
        began = time.monotonic()
        try:
            await self._limit(timeout_s)
            cursor = await self._connection.execute(script.encode(), prepare=False)
            found: list[tuple[Any, ...]] = []
            while True:
                if cursor.description is not None:
                    found = await cursor.fetchall()
                if not cursor.nextset():
                    return found
        except psycopg.Error as error:
            if not self._connection.closed and not self._idle:
                await self._connection.rollback()
            raise self.failure(error, reading, timeout_s, time.monotonic() - began) from None

    async def _limit(self, timeout_s: float) -> None:
        if self._interrupted:
            raise StatementFailed("the statement was stopped before it began", "57014")
        wanted = max(1, round(timeout_s * 1000))
        if wanted != self._timeout_ms:
            await self._connection.execute(b"set statement_timeout = %d" % wanted)
            self._timeout_ms = wanted

    def failure(self, error: psycopg.Error, reading: Reading, timeout_s: float, took_s: float) -> Failure:
        """Our error for one of the server's."""
        state = error.sqlstate or ""
        if self._connection.closed or state in ("57P01", "57P02", "57P03", "57P05", "08006", "08003"):
            return Gone(f"the connection to {self.place} broke: {_first_line(error)}")
        if state == "57014" and took_s >= 0.9 * timeout_s:
            return Timeout(timeout_s)
        if state == "55P03":
            return LockBlocked(f"a lock on {self.database} kept the statement waiting for more than 0.2 s")
        if state == "42501":
            grant = postgres_grant(self.place.role, reading)
            return Denied(f"{self.place}: {_first_line(error)}", grant)
        sentence = _first_line(error)
        if state == "42P01" and any(relation.schema is None for relation in reading.relations):
            sentence += "; write a table with its schema, as in public.orders"
        return StatementFailed(sentence, state)


@cache
def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(psycopg.adapters)
    register(adapters)
    return adapters


def not_connected(error: Exception, place: Place, database: str) -> Failure:
    """`Unreachable` or `SignInFailed`; libpq gives a text only, in English for what it finds itself."""
    said = _first_line(error).rpartition("failed: ")[2].removeprefix("FATAL:").strip()
    if isinstance(error, TimeoutError | psycopg.errors.ConnectionTimeout) or not said:
        said = f"no answer within {CONNECT_S:g} s"
        return Unreachable(f"no connection to {place}: {said}")
    if any(word in said.lower() for word in _CLIENT_SIDE) and "pg_hba" not in said and "authentication" not in said:
        if said.lower().startswith("too many connections for role"):
            more = f"ALTER ROLE {ident(place.role)} CONNECTION LIMIT {ENOUGH}"
            return AccountFull(f"no connection to {place}: {said}; to raise its limit: {more}")
        taken = "too many" in said.lower() or "connection slots" in said.lower()
        return (NoSlotLeft if taken else Unreachable)(f"no connection to {place}: {said}")
    return SignInFailed(f"{place} may not sign in to the database {database}: {said}")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].strip()
