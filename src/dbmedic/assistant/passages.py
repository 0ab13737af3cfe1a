"""Passages of a document and the smaller ones in them, written by hand: added, changed, switched, removed.

Each is found, or found no more, once the verb returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.log import micros
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Row
from dbmedic.knowledge.indexing import BATCH
from dbmedic.knowledge.indexing import MOST as MOST_PASSAGES
from dbmedic.knowledge.kept import Child, Document, Segment, child_of, json_text, like, segment_of
from dbmedic.knowledge.library import Library
from dbmedic.knowledge.segments import children, found_by, segment, smaller
from dbmedic.knowledge.split import Piece

CHARS: Final = 100_000
KEYWORDS: Final = 50
MOST: Final = 100
"""Passages that one call adds; and smaller passages in one."""
_SHOWN: Final = {None: 2, True: 0, False: 1}
"""Whether switched on -> the value of `enabled` that a list leaves out."""


class Draft(Struct, frozen=True, kw_only=True):
    """A passage to be added."""

    text: str
    answer: str | None = None
    keywords: tuple[str, ...] = ()


class Passages:
    def __init__(self, store: Store, library: Library, *, now: Now, new_id: NewId) -> None:
        self._store, self._library, self._now, self._new_id = store, library, now, new_id

    async def page(
        self, document: Document, *, keyword: str = "", enabled: bool | None = None, skip: int = 0, limit: int = 20
    ) -> tuple[list[Segment], int]:
        """In their order, and how many there are."""
        of = {"document": document.id, "like": like(keyword), "hidden": _SHOWN[enabled]}
        total = (await self._store.read("segments_count", **of))[0]["total"]
        rows = await self._store.read("segments_page", **of, limit=limit, skip=skip)
        return [segment_of(row) for row in rows], total

    async def get(self, document: Document, id: str) -> Segment:
        """Raises `NotFound("segment")`."""
        rows = await self._store.read("segment_get", id=id, document=document.id)
        if not rows:
            raise NotFound("segment", id)
        return segment_of(rows[0])

    async def add(self, document: Document, drafts: Sequence[Draft]) -> list[Segment]:
        """At the document's end.  Raises `BadField` for a text that is empty or too long, or too many passages."""
        if len(drafts) > MOST:
            raise BadField("segments", f"Exceeded maximum segments limit of {MOST}.")
        if document.segments + len(drafts) > MOST_PASSAGES:
            raise BadField("segments", f"Exceeded maximum segments limit of {MOST_PASSAGES}.")
        for draft in drafts:
            _checked(draft.text, draft.answer, draft.keywords)
        rows = await self._store.read("segment_next_position", document=document.id)
        place, title, now = await self._place(document), _title(document), micros(self._now())
        writes: list[tuple[str, Row]] = []
        ids = []
        for position, draft in enumerate(drafts, rows[0]["position"]):
            ids.append(id := self._new_id())
            piece = Piece(position=position, start=0, heading="", text=draft.text)
            writes += segment(
                id, document.id, document.dataset, place, title, piece, now,
                answer=draft.answer, keywords=draft.keywords, findable=_findable(document),
            )  # fmt: skip
            writes += children(id, smaller(draft.text, document.settings), self._new_id, now)
        await self._store.write(*writes)
        return [await self.get(document, id) for id in ids]

    async def update(self, document: Document, one: Segment, *, remake: bool = False, **changes: Any) -> Segment:
        """`changes`: text, answer, keywords, enabled, summary; `remake` makes its smaller passages anew.

        Raises as `add`.
        """
        now = micros(self._now())
        new = msgspec.structs.replace(one, **changes)
        _checked(new.text, new.answer, new.keywords)
        inner = await self.children([one.id])
        texts = [child.text for child in inner.get(one.id, ())]
        writes: list[tuple[str, Row]] = [("words_delete_of_segment", {"id": one.id})]
        if remake:
            texts = smaller(new.text, document.settings)
            writes += [("children_delete", {"segment": one.id}), *children(one.id, texts, self._new_id, now)]
        disabled_at = None if new.enabled else now if one.enabled else micros(one.disabled_at or one.at)
        row: Row = {
            "id": one.id,
            "document": document.id,
            "text": new.text,
            "answer": new.answer,
            "summary": new.summary,
        }
        row |= {"keywords": json_text(new.keywords), "enabled": int(new.enabled), "disabled_at": disabled_at}
        writes.append(("segment_update", {**row, "now": now}))
        if new.text != one.text:
            writes.append(("vector_delete", {"segment": one.id}))
        if new.enabled and _findable(document):
            found = (new.text, new.answer, *texts)
            place = await self._place(document)
            writes.append(found_by(one.id, place, _title(document), one.heading, found, new.keywords))
        await self._store.write(*writes)
        if new.text != one.text:
            self._library.queued()
        return await self.get(document, one.id)

    async def delete(self, one: Segment) -> None:
        await self._store.write(("words_delete_of_segment", {"id": one.id}), ("segment_delete", {"id": one.id}))

    # -- smaller ones -------------------------------------------------------------------------------------------------

    async def children(self, segments: Sequence[str]) -> dict[str, list[Child]]:
        """Passage -> the smaller ones in it, in their order."""
        found: dict[str, list[Child]] = {}
        for begin in range(0, len(segments), BATCH):
            ids = json_text(list(segments[begin : begin + BATCH]))
            for row in await self._store.read("children_of", segments=ids):
                found.setdefault(row["segment"], []).append(child_of(row))
        return found

    async def child(self, one: Segment, id: str) -> Child:
        """Raises `NotFound("child")`."""
        for child in (await self.children([one.id])).get(one.id, ()):
            if child.id == id:
                return child
        raise NotFound("child", id)

    async def add_child(self, document: Document, one: Segment, text: str) -> Child:
        """Raises `BadField` for a text that is empty or too long, or one too many."""
        _checked(text, None, ())
        have = (await self.children([one.id])).get(one.id, [])
        if len(have) >= MOST:
            raise BadField("content", f"a chunk has at most {MOST} child chunks")
        id = self._new_id()
        row: Row = {"id": id, "segment": one.id, "position": max((child.position for child in have), default=0) + 1}
        put = ("child_put", {**row, "text": text, "made": "customized", "now": micros(self._now())})
        await self._renewed(document, one, [*(child.text for child in have), text], put)
        return await self.child(one, id)

    async def update_child(self, document: Document, one: Segment, child: Child, text: str) -> Child:
        """Raises as `add_child`."""
        _checked(text, None, ())
        have = (await self.children([one.id])).get(one.id, [])
        texts = [text if other.id == child.id else other.text for other in have]
        change = {"id": child.id, "segment": one.id, "text": text, "now": micros(self._now())}
        await self._renewed(document, one, texts, ("child_update", change))
        return await self.child(one, child.id)

    async def delete_child(self, document: Document, one: Segment, child: Child) -> None:
        have = (await self.children([one.id])).get(one.id, [])
        texts = [other.text for other in have if other.id != child.id]
        await self._renewed(document, one, texts, ("child_delete", {"id": child.id, "segment": one.id}))

    async def _renewed(self, document: Document, one: Segment, texts: Sequence[str], write: tuple[str, Row]) -> None:
        """Writes, and makes the passage be found by these smaller ones too."""
        writes = [write, ("words_delete_of_segment", {"id": one.id})]
        if one.enabled and _findable(document):
            found = (one.text, one.answer, *texts)
            place = await self._place(document)
            writes.append(found_by(one.id, place, _title(document), one.heading, found, one.keywords))
        await self._store.write(*writes)

    async def _place(self, document: Document) -> str:
        return f"d{(await self._store.read('dataset_number', id=document.dataset))[0]['number']}"


def _title(document: Document) -> str:
    return f"{document.name} {document.words}"


def _findable(document: Document) -> bool:
    return document.enabled and not document.archived


def _checked(text: str, answer: str | None, keywords: Sequence[str]) -> None:
    if not text.strip():
        raise BadField("content", "Content is empty")
    if len(text) > CHARS or len(answer or "") > CHARS:
        raise BadField("content", f"content and answer: at most {CHARS} characters")
    if len(keywords) > KEYWORDS or any(len(one) > CHARS for one in keywords):
        raise BadField("keywords", f"at most {KEYWORDS} keywords")
