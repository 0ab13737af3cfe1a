"""What datasets know of a query: by words, by meaning where an embedding model is set, or by both."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final, Literal

import structlog
from msgspec import Struct

from dbmedic.assistant.labels import Condition, Labels
from dbmedic.core.errors import ModelDown
from dbmedic.core.ports import Reranker, Store
from dbmedic.knowledge.kept import Child, Dataset, Document, Segment, child_of, document_of, json_text, segment_of
from dbmedic.knowledge.library import Library
from dbmedic.knowledge.rank import coverage, fused
from dbmedic.knowledge.tokens import wide, words
from dbmedic.knowledge.vectors import Vectors

logger = structlog.get_logger("dbmedic.knowledge")

Method = Literal["semantic_search", "full_text_search", "hybrid_search", "keyword_search"]
METHODS: Final = ("semantic_search", "full_text_search", "hybrid_search", "keyword_search")
CANDIDATES: Final = 50
"""Passages that are looked at, at least, where several orders are made one."""
WIDE: Final = 0.4
"""What meaning weighs less for a query in Chinese or Japanese: embedding models are trained on English first."""
MOST: Final = 100
"""Passages that one search gives."""


class Search(Struct, frozen=True, kw_only=True):
    """How a query is answered."""

    method: str = "hybrid_search"
    most: int = 4
    least: float | None = None
    """Passages that score less are left out."""
    conditions: tuple[Condition, ...] = ()
    any_condition: bool = False
    meaning: float = 0.5
    """What meaning weighs against words where both are asked, 0..1."""
    rerank: bool = False


class Hit(Struct, frozen=True, kw_only=True):
    """A passage that was found."""

    segment: Segment
    document: Document
    score: float
    """0..1."""
    children: tuple[tuple[Child, float], ...] = ()
    """The smaller passages in it that speak of the query, and how much."""


class Retrieval:
    def __init__(
        self,
        store: Store,
        library: Library,
        labels: Labels,
        vectors: Vectors | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        """Without `vectors` every search is by words; without `reranker` none is ranked again."""
        self._store, self._library, self._labels = store, library, labels
        self._vectors, self._reranker = vectors, reranker

    def models(self, kind: str) -> tuple[str, ...]:
        """Names of the models that searching uses: of kind text-embedding or rerank."""
        used = {"text-embedding": self._vectors, "rerank": self._reranker}.get(kind)
        return () if used is None else (used.name,)

    async def find(self, query: str, datasets: Sequence[Dataset], search: Search) -> list[Hit]:
        """The best passages, best first; each is counted as a hit."""
        within: Collection[str] | None = None
        if search.conditions:
            within = await self._labels.matching(datasets, search.conditions, any_=search.any_condition)
            if not within:
                return []
        scores = await self._scores(query, datasets, search, within)
        segments = await self._segments(list(scores))
        if search.rerank and self._reranker is not None and segments:
            scores = await self._reranked(query, scores, segments, self._reranker)
        best = [
            (segments[id], score)
            for id, score in scores.items()
            if id in segments and (search.least is None or score >= search.least)
        ]
        return await self._hits(query, best[: min(search.most, MOST)])

    async def _scores(
        self, query: str, datasets: Sequence[Dataset], search: Search, within: Collection[str] | None
    ) -> dict[str, float]:
        """Passage -> score, best first."""
        most = max(CANDIDATES, search.most)
        meant: dict[str, float] = {}
        if self._vectors is not None and search.method in ("semantic_search", "hybrid_search"):
            ids = [one.id for one in datasets]
            try:
                meant = await self._vectors.search(query, ids, limit=most, within=within)
            except ModelDown as failure:  # words find what they can
                logger.warning("searched by words alone", why=str(failure))
        if meant and search.method == "semantic_search":
            return meant
        said = {one.id: one.score for one in await self._library.search(query, datasets, limit=most, within=within)}
        if not meant:
            return said
        weight = search.meaning * (WIDE if wide(query) else 1.0)
        order = fused([list(said), list(meant)], [1 - weight, weight])
        mixed = {id: weight * meant.get(id, 0.0) + (1 - weight) * said.get(id, 0.0) for id in order}
        return {id: round(score, 4) for id, score in mixed.items()}

    async def _reranked(
        self, query: str, scores: dict[str, float], segments: dict[str, Segment], reranker: Reranker
    ) -> dict[str, float]:
        ids = [id for id in scores if id in segments][:CANDIDATES]
        try:
            ranks = await reranker.rank(query, [segments[id].text for id in ids])
        except ModelDown as failure:
            logger.warning("not ranked again", why=str(failure))
            return scores
        if any(not 0 <= rank <= 1 for rank in ranks):  # some services give logits
            ranks = [1 / (1 + math.exp(-max(-50.0, min(50.0, rank)))) for rank in ranks]
        return dict(
            sorted(((id, round(rank, 4)) for id, rank in zip(ids, ranks, strict=True)), key=lambda one: -one[1])
        )

    async def _segments(self, ids: list[str]) -> dict[str, Segment]:
        rows = await self._store.read("segments_of_ids", ids=json_text(ids)) if ids else []
        return {row["id"]: segment_of(row) for row in rows}

    async def _hits(self, query: str, best: Sequence[tuple[Segment, float]]) -> list[Hit]:
        if not best:
            return []
        ids = json_text([segment.id for segment, _ in best])
        documents: dict[str, Document] = {}
        for id in {segment.document for segment, _ in best}:
            for row in await self._store.read("document_get", id=id):
                documents[id] = document_of(row)
        inner: dict[str, list[Child]] = {}
        for row in await self._store.read("children_of", segments=ids):
            inner.setdefault(row["segment"], []).append(child_of(row))
        asked = dict.fromkeys(words(query), 1.0)
        await self._store.write(("segments_hit", {"ids": ids}))
        return [
            Hit(
                segment=segment,
                document=documents[segment.document],
                score=score,
                children=_scored(asked, inner.get(segment.id, ())),
            )
            for segment, score in best
            if segment.document in documents
        ]


def _scored(asked: dict[str, float], children: Sequence[Child]) -> tuple[tuple[Child, float], ...]:
    shares = [(child, round(coverage(asked, (), set(words(child.text))), 4)) for child in children]
    return tuple(sorted(((child, share) for child, share in shares if share > 0), key=lambda one: -one[1]))
