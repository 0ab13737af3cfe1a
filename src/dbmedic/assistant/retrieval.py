"""What datasets know of a query: by words, by meaning where an embedding model is set, or by both."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal

from msgspec import Struct

from dbmedic.assistant.labels import Condition, Labels
from dbmedic.core.ports import Store
from dbmedic.core.values import Passage
from dbmedic.knowledge.kept import Child, Dataset, Document, Segment, child_of, document_of, json_text, segment_of
from dbmedic.knowledge.library import Library
from dbmedic.knowledge.rank import coverage
from dbmedic.knowledge.tokens import words

Method = Literal["semantic_search", "full_text_search", "hybrid_search", "keyword_search"]
METHODS: Final = ("semantic_search", "full_text_search", "hybrid_search", "keyword_search")
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


class Hit(Struct, frozen=True, kw_only=True):
    """A passage that was found."""

    segment: Segment
    document: Document
    score: float
    """0..1."""
    children: tuple[tuple[Child, float], ...] = ()
    """The smaller passages in it that speak of the query, and how much."""


class Retrieval:
    def __init__(self, store: Store, library: Library, labels: Labels) -> None:
        self._store, self._library, self._labels = store, library, labels

    def models(self, kind: str) -> tuple[str, ...]:  # noqa: ARG002 - none of any kind
        """Names of the models that searching uses: of kind text-embedding or rerank."""
        return ()

    async def find(self, query: str, datasets: Sequence[Dataset], search: Search) -> list[Hit]:
        """The best passages, best first; each is counted as a hit."""
        within: Collection[str] | None = None
        if search.conditions:
            within = await self._labels.matching(datasets, search.conditions, any_=search.any_condition)
            if not within:
                return []
        found = await self._library.search(query, datasets, limit=min(search.most, MOST), within=within)
        found = [one for one in found if search.least is None or one.score >= search.least]
        return await self._hits(query, found)

    async def _hits(self, query: str, found: Sequence[Passage]) -> list[Hit]:
        if not found:
            return []
        ids = json_text([one.id for one in found])
        segments = {row["id"]: segment_of(row) for row in await self._store.read("segments_of_ids", ids=ids)}
        documents: dict[str, Document] = {}
        for id in {one.document for one in found}:
            for row in await self._store.read("document_get", id=id):
                documents[id] = document_of(row)
        inner: dict[str, list[Child]] = {}
        for child in await self._store.read("children_of", segments=ids):
            inner.setdefault(child["segment"], []).append(child_of(child))
        asked = dict.fromkeys(words(query), 1.0)
        await self._store.write(("segments_hit", {"ids": ids}))
        return [
            Hit(
                segment=segments[one.id],
                document=documents[one.document],
                score=one.score,
                children=_scored(asked, inner.get(one.id, ())),
            )
            for one in found
            if one.id in segments and one.document in documents
        ]


def _scored(asked: dict[str, float], children: Sequence[Child]) -> tuple[tuple[Child, float], ...]:
    shares = [(child, round(coverage(asked, (), set(words(child.text))), 4)) for child in children]
    return tuple(sorted(((child, share) for child, share in shares if share > 0), key=lambda one: -one[1]))
