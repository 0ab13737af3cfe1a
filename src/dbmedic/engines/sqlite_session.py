"""One open SQLite file, in a thread of its own: read-only by the way it is opened, by pragma, and by the authorizer.

The authorizer is asked by SQLite's own parser about every action of a statement, so nothing that is not on its short
list is even prepared.  Each statement ends its read at once: an open one would keep the WAL from being reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import apsw

from dbmedic.core.errors import Denied, Failure, LockBlocked, StatementFailed, Timeout, Unreachable, WriteRefused
from dbmedic.core.values import Row
from dbmedic.engines.limits import Cut
from dbmedic.kit.statements.reading import functions

BUSY_MS = 200
STEPS = 10_000
"""Virtual machine steps between two looks at the clock."""
T = TypeVar("T")


class LiteSession:
    """Runs one statement at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._connection: apsw.Connection | None = None
        self._until = 0.0
        self._timed_out = self._interrupted = self._planning = False
        self._refused = ""

    @classmethod
    async def open(cls, path: Path) -> LiteSession:
        """Raises `Unreachable` when there is no such file, or it is not to be read."""
        session = cls(path)
        try:
            await session._in_thread(session._open)
        except BaseException:
            await session.close()
            raise
        return session

    @property
    def usable(self) -> bool:
        return self._connection is not None and not self._interrupted

    async def interrupt(self) -> None:
        self._interrupted = True
        if self._connection is not None:
            self._connection.interrupt()

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, connection.close)
        self._thread.shutdown(wait=False)

    async def rows(
        self, text: str, args: Sequence[Any], *, timeout_s: float, max_rows: int, planning: bool = False
    ) -> list[Row]:
        """Rows of one statement with `?` placeholders, cut at `max_rows` and 8 MiB.

        `planning`: the text is an EXPLAIN QUERY PLAN, which may name a write because it does not run it.
        """
        cut = Cut(max_rows)
        return await self._in_thread(lambda: self._rows(text, args, timeout_s, cut, planning))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open(self) -> None:
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        try:
            if not self._path.is_file():
                raise Unreachable(f"{self._path}: no such file")
            connection = apsw.Connection(f"file:{quote(str(self._path.resolve()))}?mode=ro", flags=flags)
            connection.set_busy_timeout(BUSY_MS)
            for setting in ("query_only = 1", "trusted_schema = 0", "cell_size_check = 1", "mmap_size = 0"):
                connection.execute(f"pragma {setting}")
            with contextlib.suppress(apsw.BusyError):  # a writer has it now; each statement says so for itself
                connection.execute("select 1 from sqlite_schema limit 1").fetchall()
        except OSError as error:
            raise Unreachable(f"{self._path}: {error.strerror}") from None
        except apsw.Error as error:
            raise self._failure(error, 0.0) from None
        connection.authorizer = self._allows
        connection.set_progress_handler(self._expired, STEPS)
        self._connection = connection

    def _rows(self, text: str, args: Sequence[Any], timeout_s: float, cut: Cut, planning: bool) -> list[Row]:
        assert self._connection is not None, "open"
        self._planning = planning
        self._until, self._timed_out, self._refused = time.monotonic() + timeout_s, False, ""
        cursor = self._connection.cursor()
        try:
            names: list[str] = []
            for row in cursor.execute(text, tuple(args)):
                names = names or [column[0] for column in cursor.get_description()]
                if not cut.takes(dict(zip(names, map(_value, row), strict=True))):
                    break
        except apsw.Error as error:
            if self._refused:
                raise WriteRefused(text, self._refused) from None
            raise self._failure(error, timeout_s) from None
        finally:
            cursor.close(True)
        return cut.rows

    def _expired(self) -> bool:
        self._timed_out = time.monotonic() > self._until
        return self._timed_out

    def _allows(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        """The authorizer: reads, the functions and the pragmas that read; everything else is refused."""
        if action in (apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_RECURSIVE):
            return apsw.SQLITE_OK
        if self._planning and action in (apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE):
            return apsw.SQLITE_OK
        known = functions("sqlite")
        if action == apsw.SQLITE_FUNCTION and (second or "").lower() not in known["refused"]:
            return apsw.SQLITE_OK
        name = (first or "").lower()
        if action == apsw.SQLITE_PRAGMA:
            bare = second is None and name in known["pragmas"]
            if bare or name in known["pragmas_of"] or (name == "optimize" and second == "-1"):
                return apsw.SQLITE_OK
        self._refused = self._refused or f"{_ACTIONS.get(action, 'this')} {second or first or ''} does more than read"
        return apsw.SQLITE_DENY

    def _failure(self, error: apsw.Error, timeout_s: float) -> Failure:
        said = f"{self._path}: {error}"
        if isinstance(error, apsw.InterruptError):
            return Timeout(timeout_s) if self._timed_out else StatementFailed("the statement was interrupted", "")
        if isinstance(error, apsw.BusyError | apsw.LockedError):
            return LockBlocked(f"{self._path} was locked by a writer for more than {BUSY_MS} ms")
        if isinstance(error, apsw.CantOpenError | apsw.NotADBError | apsw.IOError):
            return Unreachable(said)
        if isinstance(error, apsw.PermissionsError | apsw.AuthError):
            return Denied(said)
        return StatementFailed(str(error), str(getattr(error, "extendedresult", "")))


def _value(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


_ACTIONS = {
    getattr(apsw, f"SQLITE_{name.replace(' ', '_')}"): name
    for name in ("INSERT", "UPDATE", "DELETE", "ATTACH", "DETACH", "PRAGMA", "FUNCTION", "TRANSACTION", "REINDEX",
                 "ANALYZE", "ALTER TABLE", "CREATE TABLE", "CREATE INDEX", "CREATE VIEW", "CREATE TRIGGER",
                 "DROP TABLE", "DROP INDEX", "DROP VIEW", "DROP TRIGGER", "SAVEPOINT")
}  # fmt: skip
