"""SQLite 3 files: opened read-only, asked through an authorizer, in a worker thread.

Read-only three times: `mode=ro` (never `immutable=1`, which misreads a live file), `query_only`, and the authorizer
below, which allows reading and the pragmas that only read (https://sqlite.org/c3ref/set_authorizer.html).  A read
transaction would pin the write-ahead log, so each statement is its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

import apsw

from dbmedic.core.errors import LockBlocked, SignInFailed, StatementFailed, Timeout, Unreachable, WriteRefused
from dbmedic.core.values import EngineFacts, Instance, Row
from dbmedic.kit.statements.text import bind, significant

T = TypeVar("T")
BUSY_MS = 200
MAX_BYTES = 8 * 2**20
STEPS_BETWEEN_LOOKS = 10_000
"""Virtual-machine steps between two looks at the clock."""

READS = {apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_RECURSIVE}
PRAGMAS = frozenset(
    """application_id auto_vacuum cache_size collation_list compile_options database_list encoding foreign_key_list
    freelist_count function_list index_info index_list index_xinfo journal_mode journal_size_limit locking_mode
    max_page_count mmap_size module_list page_count page_size schema_version synchronous table_info table_list
    table_xinfo user_version wal_autocheckpoint""".split()  # noqa: SIM905 - a list of words reads better
)
"""Pragmas that only report when they have no argument, or whose argument names what to report on."""
TAKES_A_NAME = frozenset(
    ["foreign_key_list", "index_info", "index_list", "index_xinfo", "table_info", "table_list", "table_xinfo"]
)
PLANNED = frozenset({"select", "with", "insert", "update", "delete", "replace", "values"})
CHECKS = frozenset({"foreign_key_check", "integrity_check", "quick_check"})
FUNCTIONS_REFUSED = frozenset({"load_extension", "writefile", "edit", "readfile", "fts3_tokenizer", "zipfile"})


class Sqlite:
    """The `Engine` of one file: `sqlite:///path/to/file`, absolute or, where no such file is, relative."""

    name = "sqlite"

    def __init__(self, instance: Instance) -> None:
        self.path = path_of(instance.url)
        self._connection: apsw.Connection | None = None
        self._turn = asyncio.Lock()
        self._deadline = 0.0

    # -- the port -----------------------------------------------------------------------------------------------

    async def facts(self) -> EngineFacts:
        settings = {}
        for pragma in ("journal_mode", "page_size", "page_count", "freelist_count", "auto_vacuum", "encoding",
                       "wal_autocheckpoint", "synchronous", "cache_size", "mmap_size"):  # fmt: skip
            found = await self.rows(f"pragma {pragma}")
            settings[pragma] = str(next(iter(found[0].values()))) if found else ""
        tables = await self.rows("select count(*) as n from sqlite_schema where type = 'table'")
        version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
        return EngineFacts(
            engine="sqlite",
            version=version,
            version_text=f"SQLite {apsw.sqlite_lib_version()} (the library that dbmedic brings)",
            database=str(self.path),
            role="file reader",
            server_time=datetime.now(UTC),
            settings=settings,
            databases=("main",),
            relation_count=int(tables[0]["n"]),
            data_directory=str(self.path.parent),
            local=True,
        )

    async def rows(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        timeout_s: float = 5.0,
        max_rows: int = 1000,
        database: str | None = None,  # noqa: ARG002 - a file is one database
    ) -> list[Row]:
        text, values = bind(sql, params, "sqlite")
        _one_statement(text)
        return await self._asked(lambda connection: _fetch(connection, text, values, max_rows), sql, timeout_s)

    async def plan(
        self,
        statement: str,
        /,
        *,
        database: str | None = None,  # noqa: ARG002 - a file is one database
        schema: str | None = None,  # noqa: ARG002 - and has one schema
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """`{"plan": [{"id", "parent", "detail"}]}` of EXPLAIN QUERY PLAN; unbound placeholders are NULL there."""
        found = _one_statement(statement)
        if not found or found[0].text.lower() not in (
            "select",
            "with",
            "insert",
            "update",
            "delete",
            "replace",
            "values",
        ):
            raise WriteRefused(statement, "only a SELECT, INSERT, UPDATE or DELETE can be planned")
        holes = sum(token.kind == "param" for token in found)

        def ask(connection: apsw.Connection) -> list[Row]:
            # A plan of a write names its tables to the authorizer as writes; the plan itself touches nothing.
            connection.authorizer = None
            try:
                return _fetch(connection, f"explain query plan {statement}", [None] * holes, 500)
            finally:
                connection.authorizer = _authorizer

        rows = await self._asked(ask, statement, timeout_s)
        return {"plan": [{name: row[name] for name in ("id", "parent", "detail")} for row in rows]}

    async def close(self) -> None:
        async with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # -- the worker thread --------------------------------------------------------------------------------------

    async def _asked(self, work: Callable[[apsw.Connection], T], sql: str, timeout_s: float) -> T:
        """Runs `work` in a thread; a cancelled task interrupts the statement and waits until it has let go."""
        async with self._turn:
            loop = asyncio.get_running_loop()
            self._deadline = loop.time() + timeout_s
            job = loop.run_in_executor(None, self._guarded, work, sql, timeout_s, loop)
            try:
                return await asyncio.shield(job)
            except asyncio.CancelledError:
                self._deadline = 0.0
                if self._connection is not None:
                    self._connection.interrupt()
                with contextlib.suppress(Exception):
                    await job
                raise

    def _guarded(
        self, work: Callable[[apsw.Connection], T], sql: str, timeout_s: float, loop: asyncio.AbstractEventLoop
    ) -> T:
        if self._connection is None:
            self._connection = self._open()
        connection = self._connection
        connection.set_progress_handler(lambda: loop.time() > self._deadline, STEPS_BETWEEN_LOOKS)
        try:
            return work(connection)
        except apsw.InterruptError:
            raise Timeout(timeout_s) from None
        except apsw.AuthError as error:
            raise WriteRefused(sql, str(error)) from None
        except (apsw.ReadOnlyError, apsw.PermissionsError) as error:
            raise WriteRefused(sql, str(error)) from None
        except (apsw.BusyError, apsw.LockedError) as error:
            raise LockBlocked(f"{self.path}: {error}; a writer holds it for more than {BUSY_MS} ms") from None
        except apsw.NotADBError as error:
            raise SignInFailed(f"{self.path} is no SQLite database, or it is encrypted: {error}") from None
        except (apsw.CantOpenError, apsw.IOError) as error:
            raise Unreachable(f"{self.path} cannot be read: {error}") from None
        except apsw.Error as error:
            raise StatementFailed(str(error)) from None
        except (ValueError, TypeError) as error:
            raise StatementFailed(str(error)) from None

    def _open(self) -> apsw.Connection:
        if not self.path.is_file():
            raise Unreachable(f"{self.path} is not there, or is no file")
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        try:
            connection = apsw.Connection(f"file:{quote(str(self.path))}?mode=ro", flags=flags)
        except apsw.Error as error:
            raise Unreachable(f"{self.path} cannot be opened: {error}") from None
        connection.set_busy_timeout(BUSY_MS)
        connection.execute("pragma query_only = 1").close()
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.authorizer = _authorizer
        return connection


def path_of(url: str) -> Path:
    """The file that a URL names."""
    path = Path(unquote(urlsplit(url).path))
    absolute = Path("/") / str(path).lstrip("/")
    relative = Path(str(path).lstrip("/"))
    return relative.resolve() if not absolute.exists() and relative.exists() else absolute


def _one_statement(sql: str) -> list[Any]:
    """The tokens of a text that is one statement; raises `WriteRefused` for more."""
    found = significant(sql, "sqlite")
    while found and found[-1].text == ";":
        found.pop()
    if any(token.text == ";" for token in found):
        raise WriteRefused(sql, "one statement at a time")
    if not found:
        raise StatementFailed("the statement is empty")
    return found


def _authorizer(
    operation: int,
    first: str | None,
    second: str | None,
    database: str | None,  # noqa: ARG001 - SQLite hands five arguments
    trigger: str | None,  # noqa: ARG001
) -> int:
    if operation in READS:
        return apsw.SQLITE_OK
    if operation == apsw.SQLITE_FUNCTION:
        return apsw.SQLITE_DENY if (second or "").lower() in FUNCTIONS_REFUSED else apsw.SQLITE_OK
    if operation == apsw.SQLITE_PRAGMA:
        name = (first or "").lower()
        allowed = name in CHECKS or (name in PRAGMAS and (second is None or name in TAKES_A_NAME))
        return apsw.SQLITE_OK if allowed else apsw.SQLITE_DENY
    return apsw.SQLITE_DENY


def _fetch(connection: apsw.Connection, sql: str, values: list[Any], max_rows: int) -> list[Row]:
    """At most `max_rows` rows and `MAX_BYTES` of text and blobs."""
    rows: list[Row] = []
    size = 0
    cursor = connection.execute(sql, values)
    try:
        names: list[str] | None = None
        for row in cursor:
            if names is None:
                names = [column[0] for column in cursor.get_description()]
            rows.append(dict(zip(names, row, strict=True)))
            size += sum(len(value) for value in row if isinstance(value, str | bytes))
            if len(rows) >= max_rows or size > MAX_BYTES:
                break
    finally:
        cursor.close(True)
    return rows
