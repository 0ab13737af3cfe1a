"""One connection to MySQL or MariaDB: how it is opened, what it promises the server, and how its values become ours.

The capability to send several statements at once is never asked for, so the server itself refuses a second one.
Everything runs with autocommit in a session that is READ ONLY, one transaction per statement.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from asyncmy import errors
from asyncmy.connection import Connection
from asyncmy.constants import CLIENT, FIELD_TYPE

from dbmedic.core.errors import (
    AccountFull,
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
from dbmedic.engines.limits import CONNECT_S, Cut
from dbmedic.engines.mysql_place import Place
from dbmedic.engines.pool import ENOUGH, Gone
from dbmedic.kit.statements.text import tokens

PRELUDE = (
    "set session transaction read only",
    "set session transaction isolation level read committed",
    "set sql_mode = '', time_zone = '+00:00', lc_messages = 'en_US'",
    "set lock_wait_timeout = 1, innodb_lock_wait_timeout = 1",
)
SETTLED = """/* dbmedic */
select @@session.sql_mode, current_user(), version(), connection_id()"""
_SIGN_IN = {1044, 1045, 1049, 1130, 1131, 1251, 1698, 1820, 1862, 3118, 4151}
_NO_SLOT = 1040
_ACCOUNT_FULL = {1203, 1226}
LOST = {1053, 1152, 1153, 1159, 1161, 1927, 2006, 2013, 2055, 4031}
TIMED_OUT = {1317, 1969, 3024}
DENIED = {1044, 1095, 1142, 1143, 1227, 1370, 1410, 1345, 1356}
_COMMAND = re.compile(r"^(\w+(?: \w+)?) command denied to user .* for table (.+?)$")
_PRIVILEGE = re.compile(r"the (.+?) privilege")


_Compiled: Any = Connection
"""The driver's class, of which the type checker knows half."""


class Connected(_Compiled):  # type: ignore[misc]
    """A connection that asks for one statement at a time, and for TLS as the URL says."""

    def __init__(self, place: Place) -> None:
        super().__init__(
            host=place.host, port=place.port, unix_socket=place.socket, database=place.database or None,
            user=place.user, password=place.password.encode(), ssl=place.context(), autocommit=True,
            connect_timeout=CONNECT_S, program_name="dbmedic",
        )  # fmt: skip
        self._client_flag &= ~CLIENT.MULTI_STATEMENTS
        self._ssl_context: Any
        self._tls = place.tls

    async def _request_authentication(self) -> Any:
        if self._ssl_context and not self.server_capabilities & CLIENT.SSL:
            if self._tls != "preferred":
                raise errors.OperationalError(2026, "the server offers no TLS, and the URL asks for it")
            self._ssl_context = None
            self._client_flag &= ~CLIENT.SSL
        return await super()._request_authentication()


class MySession:
    """Runs one statement at a time."""

    def __init__(self, connection: Connected, place: Place) -> None:
        self._connection, self.place = connection, place
        self._database = place.database
        self._timeout_s = 0.0
        self._interrupted = False
        self.account = self.version = ""
        """`'user'@'host'` as the server knows us; `version()`."""
        self.id = 0

    @classmethod
    async def open(cls, place: Place) -> MySession:
        """Raises `Unreachable` or `SignInFailed` within 5 s."""
        connection = None
        try:
            async with asyncio.timeout(CONNECT_S):
                connection = Connected(place)
                await connection.connect()
                session = cls(connection, place)
                for statement in PRELUDE:
                    await connection.query(statement)
                mode, account, version, session.id = (await session._fetch(SETTLED, Cut(1)))[0].values()
        except (errors.MySQLError, OSError) as error:  # a TimeoutError is an OSError
            if connection is not None:
                connection.close()
            raise not_connected(error, place) from None
        if mode != "":
            connection.close()
            raise Unreachable(
                f"{place}: something between us drops session settings; register the server's own address"
            )
        user, _, host = account.rpartition("@")
        session.account, session.version = f"'{user}'@'{host}'", version
        return session

    @property
    def mariadb(self) -> bool:
        return "mariadb" in self.version.lower()

    @property
    def usable(self) -> bool:
        return bool(self._connection.connected) and not self._connection._stream_broken and not self._interrupted

    async def interrupt(self) -> None:
        """Ends the statement from a second connection, at once; this one is not used again."""
        self._interrupted = True
        try:
            async with asyncio.timeout(CONNECT_S):
                other = Connected(self.place)
                await other.connect()
                try:
                    await other.query(f"kill query {int(self.id)}")
                finally:
                    await other.ensure_closed()
        except (errors.MySQLError, OSError):
            self._connection.close()

    async def close(self) -> None:
        try:
            async with asyncio.timeout(1.0):
                await self._connection.ensure_closed()
        except (errors.MySQLError, OSError):
            self._connection.close()

    async def rows(
        self, text: str, args: Sequence[Any], *, database: str | None, timeout_s: float, max_rows: int
    ) -> list[Row]:
        """Rows of one statement with `?` placeholders, cut at `max_rows` and 8 MiB."""
        if self._interrupted:
            raise Gone(f"{self.place}: interrupted")
        cut, began = Cut(max_rows), time.monotonic()
        try:
            await self._limit(timeout_s)
            if database and database != self._database:
                await self._connection.select_db(database)
                self._database = database
            return await self._fetch(self._filled(text, args), cut)
        except errors.MySQLError as error:
            raise self.failure(error, timeout_s, time.monotonic() - began) from None
        except RuntimeError as error:  # the driver's word for a socket that was closed under it
            raise Gone(f"the connection to {self.place} broke: {error}") from None

    async def _fetch(self, text: str, cut: Cut) -> list[Row]:
        """Rows as they come; not through a cursor, which would ask for the warnings of each statement."""
        connection = self._connection
        await connection.query(text, unbuffered=True)
        result = connection._result
        names = [column[0] for column in result.description or ()]
        loads = [_LOADS.get(column[1], _value) for column in result.description or ()]
        while (first := await result._read_rowdata_packet_unbuffered()) is not None:
            for row in (first, *result._take_pending_rows(None)):
                values = (load(value) for load, value in zip(loads, row, strict=True))
                if not cut.takes(dict(zip(names, values, strict=True))):
                    self._interrupted, result.unbuffered_active = True, False
                    connection.close()  # the only way to stop a server that is sending
                    return cut.rows
        return cut.rows

    def _filled(self, text: str, args: Sequence[Any]) -> str:
        """The text with the values written in, by the driver's own rules for literals."""
        values = iter(args)
        if not args:
            return text
        return "".join(
            self._literal(next(values)) if token.kind == "param" and token.text == "?" else token.text
            for token in tokens(text, "mysql")
        )

    def _literal(self, value: Any) -> str:
        return str(self._connection.literal(tuple(value) if isinstance(value, list) else value))

    async def _limit(self, timeout_s: float) -> None:
        if timeout_s != self._timeout_s:
            if self.mariadb:
                await self._connection.query(f"set max_statement_time = {max(timeout_s, 0.001):.3f}")
            else:
                await self._connection.query(f"set max_execution_time = {max(1, round(timeout_s * 1000))}")
            self._timeout_s = timeout_s

    def failure(self, error: errors.MySQLError, timeout_s: float, took_s: float) -> Failure:
        """Our error for one of the server's."""
        code, said = (error.args[0], str(error.args[1])) if len(error.args) > 1 else (0, str(error))
        if code in LOST or not self._connection.connected:
            return Gone(f"the connection to {self.place} broke: {said}")
        if code in (1969, 3024) or (code == 1317 and took_s >= 0.9 * timeout_s):
            return Timeout(timeout_s)
        if code in (1205, 3572, 1213):
            return LockBlocked(f"a lock on {self.place} kept the statement waiting for more than 1 s")
        if code in DENIED:
            return Denied(f"{self.place}: {said}", grant(said, self.account))
        return StatementFailed(said, str(getattr(error, "sqlstate", None) or code))


def grant(said: str, account: str) -> str | None:
    """The GRANT that would help, from the server's own words."""
    if found := _COMMAND.match(said):
        table = found.group(2).replace("'", "`")
        return f"GRANT {found.group(1)} ON {table} TO {account}"
    if found := _PRIVILEGE.search(said):
        names = [name.strip() for name in re.split(r",| or ", found.group(1))]
        least = next((name for name in names if name != "SUPER"), names[0])
        return f"GRANT {least} ON *.* TO {account}"
    if found := re.search(r"to database '(.+?)'", said):
        return f"GRANT SELECT ON `{found.group(1)}`.* TO {account}"
    return None


def _value(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return sorted(value) if isinstance(value, set) else value


def _bits(value: bytes | None) -> int | None:
    return None if value is None else int.from_bytes(value, "big")


def _document(value: str | bytes | None) -> Any:
    return None if value is None else msgspec.json.decode(value)


_LOADS: dict[int, Callable[[Any], Any]] = {FIELD_TYPE.BIT: _bits, FIELD_TYPE.JSON: _document}
"""MariaDB's JSON is a text to its clients, and stays one."""


def not_connected(error: Exception, place: Place) -> Failure:
    if isinstance(error, TimeoutError):
        return Unreachable(f"no connection to {place}: no answer within {CONNECT_S:g} s")
    code, said = (error.args[0], error.args[1]) if len(error.args) > 1 else (0, str(error))
    if code in _SIGN_IN or (isinstance(code, int) and code in DENIED):
        return SignInFailed(f"{place} may not sign in: {said}")
    if code == _NO_SLOT:
        return NoSlotLeft(f"no connection to {place}: {said}")
    if code in _ACCOUNT_FULL:
        more = f"ALTER USER '{place.user}'@'…' WITH MAX_USER_CONNECTIONS {ENOUGH}"
        return AccountFull(f"no connection to {place}: {said}; to raise its limit: {more}")
    cause = error.__cause__ or error
    return Unreachable(f"no connection to {place}: {cause if isinstance(cause, OSError) else said}")
