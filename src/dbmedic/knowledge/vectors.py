"""Passages by what they mean: vectors of an embedding model, kept beside them and compared here.

A vector's signs, one bit each, find the candidates: many million can be compared in a second without any library.  The
few that are nearest are compared whole.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from array import array
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from dbmedic.core.log import micros
from dbmedic.core.ports import Embedder, Now, Store
from dbmedic.core.values import Row
from dbmedic.knowledge.kept import json_text

NEAR: Final = 200
"""Candidates that are compared whole, for each dataset."""
BATCH: Final = 64
STALE: Final = 0.5
"""With a larger share of candidates gone, what is remembered of a dataset is read anew."""
CATCH_UP: Final = 10_000
"""Documents that one start looks at again."""


class _Signs(NamedTuple):
    """All of a dataset, side by side."""

    segments: list[str]
    documents: list[str]
    bits: list[int]


class Vectors:
    def __init__(self, store: Store, embedder: Embedder, *, now: Now) -> None:
        self._store, self._embedder, self._now = store, embedder, now
        self._signs: dict[str, _Signs] = {}

    @property
    def name(self) -> str:
        """Of the model."""
        return self._embedder.name

    async def embed(self, document: str) -> None:
        """Gives each passage of a document that has none a vector.  Raises `ModelDown`; what was done stays."""
        model = self._embedder.name
        while rows := await self._store.read("segments_without_vector", document=document, model=model, limit=BATCH):
            texts = [f"{row['heading']}\n{row['text']}".strip() for row in rows]
            vectors = await self._embedder.embed(texts)
            writes: list[tuple[str, Row]] = []
            for row, vector in zip(rows, vectors, strict=True):
                kept, bits = packed(vector)
                size = (len(vector) + 7) // 8
                of = {"segment": row["id"], "dataset": row["dataset"], "model": model}
                writes.append(("vector_put", {**of, "signs": bits.to_bytes(size, "big"), "vector": kept}))
                if (known := self._signs.get(row["dataset"])) is not None:
                    known.segments.append(row["id"])
                    known.documents.append(document)
                    known.bits.append(bits)
            await self._store.write(*writes)

    async def catch_up(self) -> int:
        """Queues the documents that have passages without a vector of this model; returns how many."""
        rows = await self._store.read("documents_without_vectors", model=self._embedder.name, limit=CATCH_UP)
        now = micros(self._now())
        jobs = [
            ("index_job_put", {"document": row["document"], "file": None, "kind": "words", "now": now}) for row in rows
        ]
        if jobs:
            await self._store.write(*jobs)
        return len(jobs)

    async def search(
        self, query: str, datasets: Collection[str], *, limit: int, within: Collection[str] | None = None
    ) -> dict[str, float]:
        """Passage -> how near it is, 0..1, nearest first.  Raises `ModelDown`."""
        (vector,) = await self._embedder.embed([query])
        asked, bits = packed(vector)
        near: list[str] = []
        for dataset in datasets:
            known = await self._known(dataset)
            near += await asyncio.to_thread(_nearest, known, bits, None if within is None else frozenset(within))
        rows = await self._store.read("vectors_of", model=self._embedder.name, segments=json_text(near))
        if len(rows) < STALE * len(near):
            for dataset in datasets:
                self._signs.pop(dataset, None)
        scores = await asyncio.to_thread(_compared, asked, rows)
        return dict(heapq.nlargest(limit, scores.items(), key=lambda one: one[1]))

    async def _known(self, dataset: str) -> _Signs:
        if (known := self._signs.get(dataset)) is None:
            rows = await self._store.read("vector_signs", dataset=dataset, model=self._embedder.name)
            known = self._signs[dataset] = await asyncio.to_thread(_read, rows)
        return known


def packed(vector: Sequence[float]) -> tuple[bytes, int]:
    """A vector of length one as it is kept, four bytes a number, and its signs as bits.  Pure."""
    length = math.sqrt(sum(one * one for one in vector)) or 1.0
    bits = 0
    for one in vector:
        bits = bits << 1 | (one > 0)
    return array("f", [one / length for one in vector]).tobytes(), bits


def _read(rows: Sequence[Row]) -> _Signs:
    bits = [int.from_bytes(row["signs"], "big") for row in rows]
    return _Signs([row["segment"] for row in rows], [row["document"] for row in rows], bits)


def _nearest(known: _Signs, asked: int, within: frozenset[str] | None) -> list[str]:
    apart = [(one ^ asked).bit_count() for one in known.bits]
    places: Collection[int] = range(len(apart))
    if within is not None:
        places = [place for place, document in enumerate(known.documents) if document in within]
    return [known.segments[place] for place in heapq.nsmallest(NEAR, places, key=apart.__getitem__)]


def _compared(asked: bytes, rows: Sequence[Row]) -> dict[str, float]:
    """Cosine, of vectors of one length; one of another length is not compared."""
    mine, scores = array("f", asked), {}
    for row in rows:
        if len(row["vector"]) == len(asked):
            theirs = array("f", row["vector"])
            cosine = sum(a * b for a, b in zip(mine, theirs, strict=True))
            scores[row["segment"]] = round(min(1.0, max(0.0, cosine)), 4)
    return scores
