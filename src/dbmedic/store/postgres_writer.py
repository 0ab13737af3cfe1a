"""The one task that writes to PostgreSQL: jobs queued while a commit runs share the next transaction, in one pipeline.

A batch goes out as a whole.  When a job fails, each runs in a transaction of its own and that job alone is refused.
When the connection is lost around a commit, PostgreSQL itself is asked afterwards whether it happened, so that nothing
is written twice.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncCursor
from psycopg.rows import DictRow, dict_row

from dbmedic.core.digest import Digests
from dbmedic.core.errors import StoreFailed
from dbmedic.core.log import LogRow
from dbmedic.core.values import Row
from dbmedic.store import postgres_connection as postgres
from dbmedic.store.job import MAX_JOBS, Job, answer, told

logger = structlog.get_logger("dbmedic.store")

TRIES: Final = 5
"""How often a job is tried that meets others."""
PAUSE_S: Final = 0.05
_INSERT: Final = (
    b"insert into events (turn, seq, at, kind, body) "
    b"select * from unnest(%s::text[], %s::integer[], %s::bigint[], %s::text[], %s::text[])"
)
_XID: Final = b"select pg_current_xact_id()::text"
_STATUS: Final = b"select pg_xact_status(%s::text::xid8)"

Cursors = list[list[AsyncCursor[DictRow]]]


class Writer:
    """Owns the writing connection until `stop` has returned."""

    def __init__(
        self,
        url: str,
        place: str,
        wait_s: float,
        connection: postgres.Connection,
        sql: Mapping[str, bytes],
        digests: Digests,
    ) -> None:
        """`digests` are told of rows of the log that are durable."""
        self._digests = digests
        self._url, self._place, self._wait_s, self._sql = url, place, wait_s, sql
        self._connection: postgres.Connection | None = connection
        self._jobs: deque[Job] = deque()
        self._more = asyncio.Event()
        self._stopping = False
        self._xid = ""
        self._task = asyncio.create_task(self._work(), name="store writer")

    def put(self, job: Job) -> None:
        """Queues a job; jobs run in the order they were put, also when nobody waits for them any more."""
        self._jobs.append(job)
        self._more.set()

    async def stop(self) -> None:
        """Waits until all that was put is done; then the connection is gone."""
        self._stopping = True
        self._more.set()
        await self._task

    async def _work(self) -> None:
        while self._jobs or not self._stopping:
            if not self._jobs:
                self._more.clear()
                await self._more.wait()
                continue
            batch = [self._jobs.popleft() for _ in range(min(len(self._jobs), MAX_JOBS))]
            await self._settle(batch)
            told(batch, self._digests)
            answer(batch)
        if self._connection is not None:
            await self._connection.close()

    async def _settle(self, batch: list[Job]) -> None:
        try:
            await self._surely(batch)
        except Exception as error:  # any error must reach the ones who wait, or they wait forever
            if len(batch) == 1 or postgres.lost(error):
                self._refuse(batch, error)
                return
            for job in batch:
                await self._settle_alone(job)

    async def _settle_alone(self, job: Job) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                await self._surely([job])
            except Exception as error:
                if attempt < TRIES and getattr(error, "sqlstate", None) in postgres.AGAIN:
                    await asyncio.sleep(PAUSE_S * attempt)
                    continue
                self._refuse([job], error)
            return

    async def _surely(self, batch: Sequence[Job]) -> None:
        """One transaction, begun again on a new connection when the old one is lost and it did not happen."""
        until = time.monotonic() + self._wait_s
        while True:
            connection = await self._connected(until)
            self._xid = ""
            cursors: Cursors = []
            try:
                await self._together(connection, batch, cursors)
            except postgres.GONE as error:
                if not postgres.lost(error):
                    raise
                await self._drop()
                if time.monotonic() > until:
                    raise
                if not self._xid or not await self._happened(until):
                    continue
                logger.warning("connection to the store lost after a commit", place=self._place)
            for job, ran in zip(batch, cursors, strict=True):
                job.outcome = [await _rows(cursor) for cursor in ran]
            return

    async def _together(self, connection: postgres.Connection, batch: Sequence[Job], cursors: Cursors) -> None:
        async with connection.pipeline() as pipeline, connection.transaction():
            xid = await connection.execute(_XID)
            log: list[LogRow] = []
            for job in batch:
                ran = []
                for query, params in job.writes:
                    if query.on_log and log:
                        await _append(connection, log)
                        log = []
                    cursor = connection.cursor(row_factory=dict_row)
                    await cursor.execute(self._sql[query.name], params)
                    ran.append(cursor)
                cursors.append(ran)
                log.extend(job.log)
            if log:
                await _append(connection, log)
            await pipeline.sync()
            row = await xid.fetchone()
            self._xid = row[0] if row else ""

    async def _happened(self, until: float) -> bool:
        """Whether the transaction whose commit was not answered is there."""
        while True:
            connection = await self._connected(until)
            try:
                row = await (await connection.execute(_STATUS, (self._xid,))).fetchone()
            except postgres.GONE:
                await self._drop()
                continue
            if row is None or row[0] != "in progress":
                return row is not None and row[0] == "committed"
            if time.monotonic() > until:
                raise StoreFailed(f"{self._place}: the connection was lost while it wrote; whether it did is not known")
            await asyncio.sleep(PAUSE_S)

    async def _connected(self, until: float) -> postgres.Connection:
        """The connection, or a new one as soon as there is one.  Raises what stands against it after `until`."""
        while self._connection is None or self._connection.closed or self._connection.broken:
            try:
                self._connection = await postgres.connect(self._url, wait_s=self._wait_s)
            except psycopg.Error:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(PAUSE_S)
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()

    def _refuse(self, jobs: Sequence[Job], error: BaseException) -> None:
        for job in jobs:
            names = ", ".join(query.name for query, _ in job.writes) or "append"
            job.outcome = postgres.failure(error, self._place, names)


async def _append(connection: postgres.Connection, log: Sequence[LogRow]) -> None:
    turns, seqs, times, kinds, bodies = (list(column) for column in zip(*log, strict=True))
    await connection.execute(_INSERT, (turns, seqs, times, kinds, bodies))


async def _rows(cursor: AsyncCursor[Any]) -> list[Row]:
    return await cursor.fetchall() if cursor.description else []
