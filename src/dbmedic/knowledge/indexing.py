"""Makes documents findable in the background, one after another, and goes on after a restart where it was.

The queue is a table: a job goes when its document is done or has failed.  A document's old passages are findable until
the new ones replace them, all in one transaction for each batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from dbmedic.core.errors import Failure
from dbmedic.core.log import micros
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Row
from dbmedic.knowledge.segments import segment, split
from dbmedic.knowledge.split import Piece

logger = structlog.get_logger("dbmedic.knowledge")

BATCH: Final = 200
"""Passages in one transaction."""
ATTEMPTS: Final = 3
"""How often a document is begun: one that ends the process each time is given up."""
MOST: Final = 10_000
"""Passages of one document at most."""


class Indexer:
    """Works on the queue while it is not empty; `wake` starts it, as often as one likes."""

    def __init__(self, store: Store, *, now: Now, new_id: NewId) -> None:
        self._store, self._now, self._new_id = store, now, new_id
        self._task: asyncio.Task[None] | None = None
        self._more = False

    def wake(self) -> None:
        """There may be something to do: called after a document was queued, and once at the start."""
        self._more = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work(), name="indexing")

    async def idle(self) -> None:
        """Returns when the queue is empty."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """Stops between two transactions; what is left is done after the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        while self._more:
            self._more = False
            while rows := await self._store.read("index_job_next"):
                try:
                    await self._document(rows[0])
                except Failure as failure:
                    logger.warning("indexing failed", document=rows[0]["document"], code=failure.code)
                    try:
                        await self._end(rows[0]["document"], "error", str(failure))
                    except Failure:  # the store itself: the queue is kept, and the next document or start wakes us
                        return

    async def _document(self, job: Row) -> None:
        id = job["document"]
        if job["attempts"] >= ATTEMPTS:
            return await self._end(id, "error", f"indexing did not end in {ATTEMPTS} attempts")
        await self._store.write(("index_job_begin", {"document": id}), self._status(id, "splitting"))
        texts = await self._store.read("document_text", document=id)
        if not texts:
            return await self._end(id, "error", "the document has no text")
        pieces = await asyncio.to_thread(split, texts[0]["text"], msgspec.json.decode(job["settings"]))
        if len(pieces) > MOST:
            return await self._end(id, "error", f"{len(pieces)} passages; at most {MOST}: split the document")
        numbers = await self._store.read("dataset_number", id=job["dataset"])
        place = f"d{numbers[0]['number']}"
        clear: list[tuple[str, Row]] = [
            ("words_delete_of_document", {"document": id}),
            ("segments_delete", {"document": id}),
            self._status(id, "indexing", total=len(pieces)),
        ]
        for start in range(0, max(1, len(pieces)), BATCH):
            batch = pieces[start : start + BATCH]
            writes = await asyncio.to_thread(self._writes, job, place, batch)
            await self._store.write(*clear, *writes)
            clear = []
            await asyncio.sleep(0)
        return await self._end(id, "completed", None, job["digest"])

    def _writes(self, job: Row, place: str, pieces: Sequence[Piece]) -> list[tuple[str, Row]]:
        now = micros(self._now())
        title = f"{job['name']} {job['words']}"
        return [
            write
            for piece in pieces
            for write in segment(self._new_id(), job["document"], job["dataset"], place, title, piece, now)
        ]

    def _status(self, id: str, status: str, error: str | None = None, total: int | None = None) -> tuple[str, Row]:
        now = micros(self._now())
        return "document_status", {"id": id, "status": status, "error": error, "total": total, "now": now}

    async def _end(self, id: str, status: str, error: str | None, digest: str | None = None) -> None:
        """A document that was replaced meanwhile stays queued."""
        rows = await self._store.read("document_get", id=id)
        if rows and digest is not None and rows[0]["digest"] != digest:
            self._more = True
            return
        await self._store.write(self._status(id, status, error), ("index_job_end", {"document": id}))
