"""What a store has to write, for whichever writer does it, and how the ones who wait are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from dbmedic.core.digest import Digests
from dbmedic.core.errors import Failure
from dbmedic.core.log import LogRow
from dbmedic.core.values import Row
from dbmedic.store.queries import Query

MAX_JOBS = 256
"""Jobs in one transaction."""


class Job:
    """What must happen whole or not at all, and who waits for it."""

    __slots__ = ("future", "log", "outcome", "writes")

    def __init__(
        self,
        writes: Sequence[tuple[Query, dict[str, Any]]],
        log: Sequence[LogRow],
        future: asyncio.Future[list[list[Row]]],
    ) -> None:
        self.writes, self.log, self.future = writes, log, future
        self.outcome: list[list[Row]] | Failure = []


def answer(batch: list[Job]) -> None:
    """On the event loop: one wake-up for a whole batch."""
    for job in batch:
        if job.future.done():  # the one who waited was cancelled; the write stands
            continue
        if isinstance(job.outcome, Failure):
            job.future.set_exception(job.outcome)
        else:
            job.future.set_result(job.outcome)


def told(batch: list[Job], digests: Digests) -> None:
    """Feeds what is durable now to the digests of its turns."""
    for job in batch:
        if job.log and not isinstance(job.outcome, Failure):
            digests.heard(job.log)
