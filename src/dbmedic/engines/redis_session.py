"""One connection to Redis or Valkey: commands of a short list, in pipelines of at most 100, and its errors as ours.

What is not on `READS` is never sent.  None of them returns a value of a key, and none walks the whole key space at
once: no GET, no KEYS, no MONITOR, no DEBUG, no CONFIG GET with a pattern.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,  # noqa: A004 - as the library calls it
    NoPermissionError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004
)

from dbmedic.core.errors import (
    Denied,
    Failure,
    LockBlocked,
    NoSlotLeft,
    SignInFailed,
    StatementFailed,
    Timeout,
    Unreachable,
    WriteRefused,
)
from dbmedic.engines.limits import CONNECT_S
from dbmedic.engines.pool import Gone

BATCH = 100
ANSWER_S = 2.0
"""Longest wait for one reply."""
NAME = "dbmedic"
"""By which CLIENT LIST tells our connections."""
READS = frozenset((
    ("INFO",), ("CONFIG", "GET"), ("SLOWLOG", "GET"), ("SLOWLOG", "LEN"), ("LATENCY", "LATEST"),
    ("LATENCY", "HISTORY"), ("MEMORY", "USAGE"), ("MEMORY", "STATS"), ("CLIENT", "LIST"), ("CLIENT", "SETNAME"),
    ("SCAN",), ("TYPE",), ("STRLEN",), ("LLEN",), ("HLEN",), ("SCARD",), ("ZCARD",), ("XLEN",), ("TTL",),
    ("ACL", "LIST"), ("ACL", "WHOAMI"), ("CLUSTER", "INFO"), ("ROLE",), ("DBSIZE",), ("TIME",), ("PING",),
))  # fmt: skip
_SSL = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname", "ssl_cert_reqs")
"""Options of a URL besides `db`."""

Command = Sequence[str]


class Place(NamedTuple):
    """Where to connect, as whom."""

    kind: type[AbstractConnection]
    host: str
    db: int
    username: str | None
    options: dict[str, Any]

    @classmethod
    def of(cls, url: str) -> Place:
        """Raises ValueError, without a piece of the URL in it."""
        scheme, _, rest = url.partition("://")
        scheme = scheme.lower().replace("valkeys", "rediss").replace("valkey", "redis")
        try:
            found: dict[str, Any] = dict(parse_url(f"{scheme}://{rest}"))
        except ValueError:
            raise ValueError("the URL cannot be read; write redis://user:password@host:6379/0") from None
        kind = found.pop("connection_class", Connection)
        strange = set(found) - {"host", "port", "path", "db", "username", "password", *_SSL}
        if strange:
            raise ValueError(f"unknown option {min(strange)}; known are db, {', '.join(_SSL)}")
        if kind is not SSLConnection and set(found) & set(_SSL):
            raise ValueError("options of TLS need rediss://")
        if kind is UnixDomainSocketConnection and not found.get("path"):
            raise ValueError("write unix:///path/to/socket")
        host = str(found.get("path") or found.get("host") or "localhost")
        return cls(kind, host, int(found.get("db", 0)), found.get("username"), found)

    @property
    def encrypted(self) -> bool:
        return self.kind is SSLConnection

    def connection(self, *, signed_in: bool = True) -> AbstractConnection:
        """Not connected yet."""
        options = dict(self.options)
        if not signed_in:
            options = {name: value for name, value in options.items() if name not in ("username", "password", "db")}
        return self.kind(
            **options, protocol=2, decode_responses=True, encoding_errors="replace", socket_timeout=ANSWER_S,
            socket_connect_timeout=CONNECT_S - 1, retry=Retry(NoBackoff(), 0), driver_info=None,
        )  # fmt: skip


class RedisSession:
    """Asks one pipeline at a time."""

    def __init__(self, place: Place, connection: AbstractConnection) -> None:
        self.place = place
        self._connection = connection
        self._broken = False

    @classmethod
    async def open(cls, place: Place) -> RedisSession:
        """Raises `Unreachable` and `SignInFailed`."""
        session = cls(place, place.connection())
        try:
            async with asyncio.timeout(CONNECT_S):
                await session._connection.connect()  # type: ignore[no-untyped-call]
        except Exception as error:
            raise _no_connection(error, place.host) from None
        try:
            await session.ask(("CLIENT", "SETNAME", NAME))
        except (Denied, StatementFailed):
            pass  # then our connections are counted with the others
        except Failure as failure:
            await session.close()
            raise failure if isinstance(failure, SignInFailed | NoSlotLeft) else Unreachable(str(failure)) from None
        return session

    @property
    def usable(self) -> bool:
        return not self._broken and bool(self._connection.is_connected)

    async def interrupt(self) -> None:
        """What was asked is answered soon anyway; the connection is given up, for its replies are unread."""
        self._broken = True
        await self._connection.disconnect(nowait=True)

    async def close(self) -> None:
        self._broken = True
        await self._connection.disconnect()

    async def ask(self, *commands: Command) -> list[Any]:
        """The replies in order.  Raises the first error among them once all are read, and `WriteRefused`."""
        replies = await self.tried(*commands)
        for reply in replies:
            if isinstance(reply, Failure):
                raise reply
        return replies

    async def tried(self, *commands: Command) -> list[Any]:
        """The replies in order, what was refused as the `Failure` that says why.  Raises as `ask` when none comes."""
        replies: list[Any] = []
        for start in range(0, len(commands), BATCH):
            replies += await self._batch(commands[start : start + BATCH])
        role = self.place.username or "default"
        return [
            _failure(reply, command, role) if isinstance(reply, RedisError) else reply
            for command, reply in zip(commands, replies, strict=True)
        ]

    async def unasked(self) -> bool:
        """Whether the server answers a stranger: a second connection without a name or password."""
        stranger = self.place.connection(signed_in=False)
        try:
            async with asyncio.timeout(CONNECT_S):
                await stranger.connect()  # type: ignore[no-untyped-call]
                await stranger.send_command("PING")
                return bool(await stranger.read_response() == "PONG")
        except (RedisError, OSError, builtins.TimeoutError):
            return False
        finally:
            await stranger.disconnect()

    async def _batch(self, commands: Sequence[Command]) -> list[Any]:
        for command in commands:
            if tuple(command[:2]) not in READS and tuple(command[:1]) not in READS:
                raise WriteRefused(" ".join(command[:2]), f"{command[0]} is not among the commands that are sent")
            if tuple(command[:2]) == ("CONFIG", "GET") and "*" in command[2]:
                raise WriteRefused("CONFIG GET", "only named settings are read")
        connection, replies = self._connection, []
        try:
            await connection.send_packed_command(connection.pack_commands(commands))
            for _ in commands:
                try:
                    replies.append(await connection.read_response())
                except ResponseError as error:
                    replies.append(error)
        except TimeoutError:
            self._broken = True
            raise Timeout(ANSWER_S, "the server's answer") from None
        except (ConnectionError, OSError) as error:
            self._broken = True
            raise Gone(f"{self.place.host}: {error}") from None
        except asyncio.CancelledError:
            self._broken = True
            raise
        return replies


def _no_connection(error: Exception, host: str) -> Failure:
    """Why there is none, in the caller's words; the library's may repeat the password."""
    if isinstance(error, AuthenticationError | NoPermissionError):
        return SignInFailed(f"{host} refused the user name or the password")
    if isinstance(error, BusyLoadingError):
        return Unreachable(f"{host} is still loading its data from disk")
    if isinstance(error, TimeoutError | builtins.TimeoutError):
        return Unreachable(f"{host} did not answer within {CONNECT_S:g} s")
    if "max number of clients" in str(error):
        return NoSlotLeft(f"{host}: {error}")
    return Unreachable(f"{host}: {error}")


def _failure(error: RedisError, command: Command, role: str) -> Failure:
    said, words = str(error), " ".join(command[:2]) if tuple(command[:2]) in READS else command[0]
    if isinstance(error, NoPermissionError) or said.startswith("NOPERM"):
        about_key = "key" in said.lower() and "command" not in said.lower()
        rule = "~*" if about_key else "+" + words.lower().replace(" ", "|")
        return Denied(f"the account {role} may not use {words}", f"ACL SETUSER {role} {rule}")
    if isinstance(error, AuthenticationError) or said.startswith(("NOAUTH", "Authentication required")):
        return SignInFailed("the server wants a user name and a password; write redis://user:password@host:6379/0")
    if isinstance(error, BusyLoadingError):
        return Unreachable("the server is still loading its data from disk")
    if said.startswith(("BUSY", "Redis is busy", "Valkey is busy")):
        return LockBlocked("the server runs a script and answers nothing else; SCRIPT KILL ends one that wrote nothing")
    return StatementFailed(f"{words}: {said}", "")
