"""Makes documents findable in the background, one after another, and goes on after a restart where it was.

The queue is a table: a job goes when its document is done or has failed.  New passages are staged, and take the place
of the old ones in one transaction once all of them are there; passages that stay the same are not touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Final

import msgspec
import structlog

from dbmedic.core.errors import BadField, Bug, Failure
from dbmedic.core.log import micros
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Row
from dbmedic.knowledge.kept import json_text, segment_of
from dbmedic.knowledge.segments import children, found_by, piece_digest, segment, smaller, split
from dbmedic.knowledge.split import Piece

logger = structlog.get_logger("dbmedic.knowledge")

BATCH: Final = 200
"""Passages in one transaction."""
ATTEMPTS: Final = 3
"""How often a document is begun: one that ends the process each time is given up."""
MOST: Final = 10_000
"""Passages of one document at most."""

Read = Callable[[str], Awaitable[str]]
"""Id of a file -> its whole text; raises a `Failure` that says why there is none."""
Embed = Callable[[str], Awaitable[None]]
"""Makes the passages of a document findable by what they mean, too."""


async def no_files(file: str) -> str:
    """There are no files: raises `BadField`."""
    await asyncio.sleep(0)
    raise BadField("file", f"file {file} cannot be read here")


class Indexer:
    """Works on the queue while it is not empty; `wake` starts it, as often as one likes."""

    def __init__(
        self, store: Store, *, now: Now, new_id: NewId, read: Read = no_files, embed: Embed | None = None
    ) -> None:
        self._store, self._now, self._new_id = store, now, new_id
        self._read, self._embed = read, embed
        self._task: asyncio.Task[None] | None = None
        self._more = False
        self.alone: Callable[[str], Awaitable[bool]] | None = None
        """Whether a document is this process's to index, where there are several."""

    def wake(self) -> None:
        """There may be something to do: called after a document was queued, and once at the start."""
        self._more = True
        if self._task is None or self._task.done():
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._work(), name="indexing", context=Context())  # of no one request

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
                if self.alone is not None and not await self.alone(rows[0]["document"]):
                    await asyncio.sleep(1)
                    continue
                try:
                    await self._job(rows[0])
                except Exception as problem:
                    try:
                        await self._failed(rows[0], _why(problem, rows[0]["document"]))
                    except Failure:  # the store itself: the queue is kept, and the next document or start wakes us
                        return

    async def _job(self, job: Row) -> None:
        if job["attempts"] >= ATTEMPTS:
            raise BadField("document", f"indexing did not end in {ATTEMPTS} attempts")
        await self._store.write(("index_job_begin", {"document": job["document"]}))
        numbers = await self._store.read("dataset_number", id=job["dataset"])
        if not numbers:
            return
        place = f"d{numbers[0]['number']}"
        await (self._document(job, place) if job["kind"] == "text" else self._words(job, place))

    # -- a text that is new ---------------------------------------------------------------------------------------

    async def _document(self, job: Row, place: str) -> None:
        id = job["document"]
        text, read = await self._text(job)
        settings, title = msgspec.json.decode(job["settings"]), f"{job['name']} {job['words']}"
        await self._store.write(self._status(job, "splitting"))
        digests = await asyncio.to_thread(_digests, text, settings, title)
        if not digests:
            raise BadField("text", "the document has no text")
        if len(digests) > MOST:
            raise BadField("text", f"{len(digests)} passages; at most {MOST}: split the document")
        have: dict[str | None, list[Row]] = {}
        for row in await self._store.read("segment_digests", document=id):
            have.setdefault(row["digest"], []).append(row)
        fresh: list[tuple[Piece, str]] = []
        moved: list[tuple[str, Row]] = []
        for piece, digest in digests:
            if not (same := have.get(digest)):
                fresh.append((piece, digest))
            elif (row := same.pop(0))["position"] != piece.position:
                moved.append(("segment_move", {"id": row["id"], "position": piece.position}))
        gone = [row["id"] for rows in have.values() for row in rows]
        begin = [*_unstaged(id), self._status(job, "indexing", total=len(fresh))]
        for start in range(0, max(1, len(fresh)), BATCH):
            writes = await asyncio.to_thread(self._staged, job, place, title, settings, fresh[start : start + BATCH])
            await self._store.write(*begin, *writes)
            begin = []
            await asyncio.sleep(0)
        await self._store.write(
            ("words_delete_of_segments", {"document": id, "ids": json_text(gone)}),
            ("segments_drop", {"document": id, "ids": json_text(gone)}),
            *moved,
            ("segments_publish", {"document": id}),
            *read,
            self._status(job, "completed", total=len(digests)),
            _end(job),
        )
        await self._embedded(id)

    async def _text(self, job: Row) -> tuple[str, list[tuple[str, Row]]]:
        """The text, and what keeps it when it was read from a file just now."""
        id, file, digest = job["document"], job["file"], job["digest"]
        if file is None:
            texts = await self._store.read("document_text", document=id)
            return (texts[0]["text"] if texts else ""), []
        await self._store.write(self._status(job, "parsing"))
        text = await self._read(file)
        kept = [
            ("document_read", {"id": id, "digest": digest, "file": file, "chars": len(text)}),
            ("document_read_text", {"id": id, "digest": digest, "text": text}),
        ]
        return text, kept

    def _staged(
        self, job: Row, place: str, title: str, settings: Row, fresh: Sequence[tuple[Piece, str]]
    ) -> list[tuple[str, Row]]:
        now, findable = micros(self._now()), bool(job["enabled"] and not job["archived"])
        writes: list[tuple[str, Row]] = []
        for piece, digest in fresh:
            id = self._new_id()
            writes += segment(
                id, job["document"], job["dataset"], place, title, piece, now,
                digest=digest, staged=True, findable=findable,
            )  # fmt: skip
            writes += children(id, smaller(piece.text, settings), self._new_id, now)
        return writes

    # -- a text that is known -------------------------------------------------------------------------------------

    async def _words(self, job: Row, place: str) -> None:
        """Makes the word index hold what may be found of a document: it was switched on or off."""
        id = job["document"]
        await self._store.write(("words_delete_of_document", {"document": id}))
        title, position = f"{job['name']} {job['words']}", 0
        while job["enabled"] and not job["archived"]:
            page = {"document": id, "like": "%", "hidden": 0, "limit": BATCH, "skip": position}
            rows = [segment_of(row) for row in await self._store.read("segments_page", **page)]
            if not rows:
                break
            inner: dict[str, list[str]] = {}
            for row in await self._store.read("children_of", segments=json_text([one.id for one in rows])):
                inner.setdefault(row["segment"], []).append(row["text"])
            writes = [
                found_by(
                    one.id, place, title, one.heading, (one.text, one.answer, *inner.get(one.id, ())), one.keywords
                )
                for one in rows
            ]
            await self._store.write(*writes)
            position += len(rows)
        await self._store.write(_end(job))
        await self._embedded(id)

    async def _embedded(self, document: str) -> None:
        """Words find the passages already, so what an outside service does not do now is no error of the document."""
        if self._embed is not None:
            try:
                await self._embed(document)
            except Failure as failure:
                logger.warning("no vectors", document=document, code=failure.code, why=str(failure))

    # -- how far it is --------------------------------------------------------------------------------------------

    def _status(self, job: Row, status: str, error: str | None = None, total: int | None = None) -> tuple[str, Row]:
        now = micros(self._now())
        of = {"id": job["document"], "digest": job["digest"]}
        return "document_status", {**of, "status": status, "error": error, "total": total, "now": now}

    async def _failed(self, job: Row, why: str) -> None:
        """What was found before is found still; a document that was replaced meanwhile stays queued."""
        status = self._status(job, "error", why)
        await self._store.write(*_unstaged(job["document"]), status, _end(job))


def _digests(text: str, settings: Row, title: str) -> list[tuple[Piece, str]]:
    return [(piece, piece_digest(title, piece, settings)) for piece in split(text, settings)]


def _why(problem: Exception, document: str) -> str:
    """What the keeper of a document is told; of what nobody foresaw the log has the details."""
    if isinstance(problem, Failure) and not isinstance(problem, Bug):
        logger.warning("indexing failed", document=document, code=problem.code)
        return str(problem)
    logger.error("indexing broke", document=document, exc_info=problem)
    return "dbmedic failed to index it; its log has the details"


def _unstaged(document: str) -> list[tuple[str, Row]]:
    return [("words_delete_of_staged", {"document": document}), ("segments_staged_delete", {"document": document})]


def _end(job: Row) -> tuple[str, Row]:
    names = ("document", "digest", "enabled", "archived")
    return "index_job_end", {name: job[name] for name in names}
