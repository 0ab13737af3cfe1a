"""The store of several replicas: one PostgreSQL database.

A writing connection with group commit, a small pool for reads, and one connection that watches: it hears of every
change that caches must know of, and holds the lock that says a server is at work here.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Any, Final

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from dbmedic.core import log
from dbmedic.core.digest import Digests
from dbmedic.core.errors import Bug, FolderTaken, StoreFailed
from dbmedic.core.events import Entry
from dbmedic.core.values import Row
from dbmedic.store import postgres_connection as postgres
from dbmedic.store.job import Job
from dbmedic.store.postgres_writer import Writer
from dbmedic.store.queries import Query, migrations, queries

logger = structlog.get_logger("dbmedic.store")

WAIT_S: Final = 5.0
"""How long a statement waits for a lock, and a lost server is waited for, unless told otherwise."""
READERS: Final = 8
RECONNECT_S: Final = 1.0
"""The pool waits ever longer between its tries; given up after this, the next read begins a new one at once."""
FRESH_S: Final = 1.0
"""The count of changes is asked for after this time at the latest: a pooler in between may swallow notifications."""
_COUNTED: Final = re.compile(r"create trigger \w+ after insert or update or delete on (\w+) for each row")
_CHANGES: Final = re.compile(r"(?:insert into|update|delete from)\s+(\w+)")


class Postgres:
    """A `Store` (see `core/ports.py`), used from the event loop on which it was opened."""

    def __init__(self, url: str, place: str, wait_s: float, writing: postgres.Connection) -> None:
        self.url, self.place, self._wait_s = url, place, wait_s
        self._loop = asyncio.get_running_loop()
        self._queries = queries("postgres")
        self._sql = {name: postgres.statement(query) for name, query in self._queries.items()}
        counted = {table for step in migrations("postgres") for table in _COUNTED.findall(step.sql)}
        self._counted = {
            name for name, query in self._queries.items() if counted.intersection(_CHANGES.findall(query.sql))
        }
        digests = Digests()
        self.digest = digests.take
        self._writer = Writer(url, place, wait_s, writing, self._sql, digests)
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=READERS,
            open=False,
            timeout=wait_s,
            reconnect_timeout=RECONNECT_S,
            kwargs={"autocommit": True, "connect_timeout": postgres.CONNECT_S, "application_name": "dbmedic"},
            configure=lambda connection: postgres.prepare(connection, wait_s),
            name="store",
        )
        self._version, self._read_at = 0, -FRESH_S
        self._serving = ""
        self._watch: postgres.Connection | None = None
        self._listening: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self) -> None:
        """Called once, before anything else."""
        await self._pool.open()
        await self._watch_again()

    async def read(self, name: str, /, **params: Any) -> list[Row]:
        """As of the last commit; a read after an awaited write sees it.  Raises as `write`."""
        query = self._query(name, params)
        if query.writes:
            raise Bug(f"{name} writes; it goes through write()")
        until = time.monotonic() + self._wait_s
        while True:
            try:
                async with self._pool.connection() as connection:
                    return await postgres.fetch(connection, self._sql[name], params)
            except psycopg.Error as error:
                if not postgres.lost(error) or time.monotonic() > until:
                    raise postgres.failure(error, self.place, name) from error

    async def write(self, *writes: tuple[str, dict[str, Any]]) -> list[list[Row]]:
        """Once called it happens, also when the caller is cancelled while it waits.

        Raises `StoreFull`, `StoreLocked`, `StoreFailed`, and `Bug` for a statement that the schema refuses.
        """
        return await self._put(writes, ())

    async def append(self, entries: Sequence[Entry], /, *writes: tuple[str, dict[str, Any]]) -> None:
        """Named writes run before the entries are added.  Raises and is cancelled as `write`."""
        await self._put(writes, [log.row(entry) for entry in entries])

    async def version(self) -> int:
        """Costs nothing while nothing changes: a change by another process is heard of within milliseconds."""
        now = time.monotonic()
        if now - self._read_at > FRESH_S:
            self._read_at = now  # what is heard while it is read makes it stale again
            try:
                self._version = (await self.read("version"))[0]["value"]
            except BaseException:
                self._stale()
                raise
        return self._version

    async def serve(self, *, alone: bool) -> None:
        """Says that a server is at work here until `close`: with `alone` the only one.  Raises `FolderTaken`."""
        self._serving = "pg_try_advisory_lock" if alone else "pg_try_advisory_lock_shared"
        await self._watch_again()

    async def close(self) -> None:
        """Finishes what was asked, then ends the connections; may be called twice."""
        if self._closed:
            return
        self._closed = True
        await self._writer.stop()
        await self._end_watch()
        await self._pool.close()

    def _put(
        self, writes: Sequence[tuple[str, dict[str, Any]]], rows: Sequence[log.LogRow]
    ) -> asyncio.Future[list[list[Row]]]:
        prepared = [(self._query(name, params), params) for name, params in writes]
        future: asyncio.Future[list[list[Row]]] = self._loop.create_future()
        if any(name in self._counted for name, _ in writes):
            future.add_done_callback(lambda _: self._stale())
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

    # -- what other processes do ----------------------------------------------------------------------------------

    def _stale(self) -> None:
        self._read_at = -FRESH_S

    async def _watching(self) -> postgres.Connection:
        """A connection that listens and holds the server's lock, where there is one to hold.  Raises `FolderTaken`."""
        connection = await postgres.connect(self.url, wait_s=self._wait_s)
        try:
            await connection.execute("listen dbmedic_version")
            if self._serving:
                asked = f"select {self._serving}({postgres.LOCK_SPACE}, {postgres.SERVING})"
                row = await (await connection.execute(asked)).fetchone()
                if row is None or not row[0]:
                    raise FolderTaken(
                        f"{self.place} is served by another dbmedic; stop it, or give every one of them the same --bus"
                    )
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _watch_again(self) -> None:
        await self._end_watch()
        self._watch = await self._watching()
        self._listening = asyncio.create_task(self._listen(), name="store changes")
        self._stale()

    async def _end_watch(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        if self._watch is not None:
            await self._watch.close()

    async def _listen(self) -> None:
        """Until cancelled, over as many connections as it takes."""
        while True:
            try:
                if self._watch is None or self._watch.closed:
                    self._watch = await self._watching()
                self._stale()
                async for _ in self._watch.notifies():
                    self._stale()
            except (psycopg.Error, FolderTaken) as error:
                logger.warning("store not heard", place=self.place, error=str(error).strip())
                if self._watch is not None:
                    await self._watch.close()
                self._stale()
                await asyncio.sleep(FRESH_S)


async def open_store(url: str, *, wait_s: float = WAIT_S) -> Postgres:
    """The store in this database, which may be empty; migrated where needed.

    Raises `BadField("store")`, `StoreTooNew`, `StoreLocked`, `StoreFull`, `StoreFailed`.
    """
    place = postgres.place_of(url)
    try:
        writing = await postgres.connect(url, wait_s=wait_s)
        try:
            await postgres.migrate(writing, place)
            store = Postgres(url, place, wait_s, writing)
        except BaseException:
            await writing.close()
            raise
        await store.open()
    except psycopg.Error as error:
        raise postgres.failure(error, place) from error
    return store
