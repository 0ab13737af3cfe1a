"""The embedded store: one SQLite file, or one database in memory.

Three kinds of connection: the writer's, in its own thread; one for reads marked `:instant`, on the event loop's
thread, which never waits for a lock; and a few for all other reads, in a small pool of threads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import apsw

from dbmedic.core import log
from dbmedic.core.digest import Digests
from dbmedic.core.errors import Bug, StoreFailed
from dbmedic.core.events import Entry
from dbmedic.core.values import Row
from dbmedic.store import connection as sqlite
from dbmedic.store.job import Job
from dbmedic.store.queries import Query, queries
from dbmedic.store.walindex import WalIndex
from dbmedic.store.writer import Writer

READERS = 4
"""Threads for reads that may take long."""


class Sqlite:
    """A `Store` (see `core/ports.py`), used from the event loop on which it was opened."""

    def __init__(self, place: str, wait_s: float, writing: apsw.Connection, instant: apsw.Connection) -> None:
        self.place, self._wait_s = place, wait_s
        self._loop = asyncio.get_running_loop()
        self._queries = queries("sqlite")
        self._columns: dict[str, list[str]] = {}
        self._instant = instant
        self._index = WalIndex.look(place)
        digests = Digests()
        self.digest = digests.take
        self._writer = Writer(writing, place, self._loop, self._index, digests)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="dbmedic-store-reader")
        self._idle: deque[apsw.Connection] = deque()
        self._changes = -1
        self._version = 0
        self._closed = False

    async def read(self, name: str, /, **params: Any) -> list[Row]:
        """As of the last commit; a read after an awaited write sees it."""
        query = self._query(name, params)
        if query.writes:
            raise Bug(f"{name} writes; it goes through write()")
        if query.instant:
            try:
                return sqlite.fetch(self._instant, query, params, self._columns)
            except apsw.BusyError:
                pass  # a lock is held; let a thread wait for it
            except apsw.Error as error:
                raise sqlite.failure(error, self.place, name) from error
        return await self._loop.run_in_executor(self._pool, self._read, query, params)

    async def write(self, *writes: tuple[str, dict[str, Any]]) -> list[list[Row]]:
        """Once called it happens, also when the caller is cancelled while it waits.

        Raises `StoreFull`, `StoreLocked`, `StoreFailed`, and `Bug` for a statement that the schema refuses.
        """
        return await self._put(writes, ())

    async def append(self, entries: Sequence[Entry], /, *writes: tuple[str, dict[str, Any]]) -> None:
        """Named writes run before the entries are added.  Raises and is cancelled as `write`."""
        await self._put(writes, [log.row(entry) for entry in entries])

    async def version(self) -> int:
        """Costs a microsecond: the count is read again only after some commit, by whomever."""
        if self._changed() if self._index is None else self._index.changed():
            self._version = (await self.read("version"))[0]["value"]
        return self._version

    def _changed(self) -> bool:
        """By SQLite's own count of commits."""
        before = self._changes
        try:
            self._changes = self._instant.execute("pragma data_version").get
        except apsw.BusyError:  # a lock is held
            self._changes = -1
        return self._changes != before or before < 0

    async def close(self) -> None:
        """Finishes what was asked, then gives the file free; may be called twice."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        while self._idle:
            self._idle.pop().close()
        self._instant.close()
        await asyncio.to_thread(self._writer.stop)
        if self._index is not None:
            self._index.close()

    def _put(
        self, writes: Sequence[tuple[str, dict[str, Any]]], rows: Sequence[log.LogRow]
    ) -> asyncio.Future[list[list[Row]]]:
        prepared = [(self._query(name, params), params) for name, params in writes]
        future: asyncio.Future[list[list[Row]]] = self._loop.create_future()
        self._writer.put(Job(prepared, rows, future))
        return future

    def _query(self, name: str, params: dict[str, Any]) -> Query:
        if self._closed:
            raise StoreFailed(f"{self.place} is closed")
        query = self._queries.get(name)
        if query is None:
            raise Bug(f"no statement is named {name}")
        if params.keys() != query.params:
            raise Bug(f"{name} takes {sorted(query.params)}, not {sorted(params)}")
        return query

    def _read(self, query: Query, params: dict[str, Any]) -> list[Row]:
        connection = None
        with suppress(IndexError):
            connection = self._idle.pop()
        try:
            if connection is None:
                connection = sqlite.connect(self.place, wait_s=self._wait_s)
            rows = sqlite.fetch(connection, query, params, self._columns)
        except apsw.Error as error:  # the connection goes with it
            raise sqlite.failure(error, self.place, query.name) from error
        self._idle.append(connection)
        return rows


async def open_store(path: Path | None, *, wait_s: float = sqlite.LOCK_WAIT_S) -> Sqlite:
    """The store in this file, created (readable by its owner only) or migrated where needed.

    Without a path it is in memory: SQLite's own `memdb`, so the same code and connections run, and nothing is left
    behind.  A statement waits `wait_s` for another process's lock.
    Raises `StoreTooNew`, `StoreLocked`, `StoreFull`, `StoreFailed`.
    """
    return Sqlite(*await asyncio.to_thread(_open, path, wait_s))


def _open(path: Path | None, wait_s: float) -> tuple[str, float, apsw.Connection, apsw.Connection]:
    if path is None:
        place = f"file:/dbmedic-{uuid4()}?vfs=memdb"
    else:
        sqlite.create(path)
        place = str(path.absolute())
    try:
        writing = sqlite.connect(place, wait_s=wait_s, read_only=False)
        sqlite.migrate(writing, place)
        return place, wait_s, writing, sqlite.connect(place, wait_s=0)
    except apsw.Error as error:
        raise sqlite.failure(error, place) from error
