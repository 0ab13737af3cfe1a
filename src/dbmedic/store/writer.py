"""The one thread that writes: jobs queued while a commit runs go into the next transaction together.

A batch first runs as a whole, all its log entries in a few wide inserts.  Every step of SQLite gives up the
interpreter's lock and has to win it back from a busy event loop, so fewer, larger steps are what counts.  Only when
a job of a batch fails does the batch run again with a savepoint around each, and that job alone is refused.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from queue import Empty, SimpleQueue

import apsw

from dbmedic.core.digest import Digests
from dbmedic.core.log import LogRow
from dbmedic.store.connection import BROKEN, failure, fetch, roll_back
from dbmedic.store.job import MAX_JOBS, Job, answer, told
from dbmedic.store.queries import migrations, queries
from dbmedic.store.walindex import WalIndex

MAX_ROWS = 64
"""Log entries in one insert."""

_INSERTS = {
    n: "insert into events (turn, seq, at, kind, body) values " + ", ".join(["(?, ?, ?, ?, ?)"] * n)  # noqa: S608 - marks only
    for n in (2**power for power in range(MAX_ROWS.bit_length()))
}

_COUNTED = re.compile(r"create trigger \w+_counts after \w+ on (\w+) begin")
_CHANGES = re.compile(r"(?:insert into|update|delete from)\s+(\w+)")


class Writer:
    """Owns the writing connection from `start` to the end of `stop`."""

    def __init__(
        self,
        connection: apsw.Connection,
        place: str,
        loop: asyncio.AbstractEventLoop,
        index: WalIndex | None = None,
        digests: Digests | None = None,
    ) -> None:
        """`index` is told of commits that nobody who remembers rows has to know of, `digests` of rows of the log."""
        self._digests = digests or Digests()
        self._connection, self._place, self._loop, self._index = connection, place, loop, index
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._columns: dict[str, list[str]] = {}
        self._thread = threading.Thread(target=self._work, name="dbmedic-store-writer", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Queues a job; jobs run in the order they were put, also when nobody waits for them any more."""
        self._jobs.put(job)

    def stop(self) -> None:
        """Waits until all that was put is done; then the thread and the connection are gone."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        for batch in self._batches():
            self._settle_in_transaction(batch)
            told(batch, self._digests)
            with suppress(RuntimeError):  # the loop is gone, and with it all who waited
                self._loop.call_soon_threadsafe(answer, batch)
        self._connection.close()

    def _batches(self) -> Iterator[list[Job]]:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            with suppress(Empty):
                while len(batch) < MAX_JOBS:
                    if (more := self._jobs.get_nowait()) is None:
                        yield batch
                        return
                    batch.append(more)
            yield batch

    def _settle_in_transaction(self, batch: list[Job]) -> None:
        try:
            self._together(batch)
            return
        except Exception as error:  # any error must reach the ones who wait, or they wait forever
            roll_back(self._connection)
            if len(batch) == 1 or isinstance(error, BROKEN):
                self._refuse(batch, error)
                return
        try:
            self._one_by_one(batch)
        except Exception as error:
            roll_back(self._connection)
            self._refuse(batch, error)

    def _together(self, batch: list[Job]) -> None:
        execute = self._connection.execute
        execute("begin immediate")
        number = 0 if self._index is None else self._index.next()
        log: list[LogRow] = []
        for job in batch:
            outcome = []
            for query, params in job.writes:
                if query.on_log:
                    self._append(log)
                    log = []
                outcome.append(fetch(self._connection, query, params, self._columns))
            job.outcome = outcome
            log.extend(job.log)
        self._append(log)
        execute("commit")
        # Only a batch that surely wrote something has surely used up its number.
        if self._index is not None and any(job.log for job in batch) and not _counted(batch):
            self._index.of_no_interest(number)

    def _one_by_one(self, batch: list[Job]) -> None:
        execute = self._connection.execute
        execute("begin immediate")
        for job in batch:
            execute("savepoint job")
            try:
                job.outcome = [fetch(self._connection, query, params, self._columns) for query, params in job.writes]
                self._append(job.log)
            except Exception as error:
                if isinstance(error, BROKEN) or not self._connection.in_transaction:
                    raise
                self._refuse([job], error)
                execute("rollback to job")
            execute("release job")
        execute("commit")

    def _append(self, log: Sequence[LogRow]) -> None:
        done = 0
        while done < len(log):
            width = min(MAX_ROWS, 1 << ((len(log) - done).bit_length() - 1))
            values = [value for row in log[done : done + width] for value in row]
            self._connection.execute(_INSERTS[width], values)
            done += width

    def _refuse(self, jobs: list[Job], error: Exception) -> None:
        for job in jobs:
            names = ", ".join(query.name for query, _ in job.writes) or "append"
            job.outcome = failure(error, self._place, names)


@cache
def _counting() -> frozenset[str]:
    """Names of the statements that change a table whose changes `version` counts."""
    counted = {table for step in migrations("sqlite") for table in _COUNTED.findall(step.sql)}
    return frozenset(name for name, one in queries("sqlite").items() if counted.intersection(_CHANGES.findall(one.sql)))


def _counted(batch: list[Job]) -> bool:
    return any(query.name in _counting() for job in batch for query, _ in job.writes)
