"""The libraries: datasets of documents in the store, added, replaced, removed, searched.

Who may see a dataset says whoever calls; here each is named by its id and its account.  Documents become findable in
the background, see `indexing.py`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from dbmedic.core.errors import BadField, Failure, NotFound
from dbmedic.core.log import micros
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Passage, Row
from dbmedic.knowledge.kept import (
    Dataset,
    Document,
    Segment,
    Shipped,
    dataset_of,
    document_of,
    json_text,
    like,
    segment_of,
)
from dbmedic.knowledge.rank import chosen, coverage, fused, worths
from dbmedic.knowledge.segments import segment
from dbmedic.knowledge.split import passages
from dbmedic.knowledge.tokens import words

NEAR: Final = 40
"""Passages that the word index proposes."""
COMMON: Final = 2_000
"""A word in so many passages takes a while to count."""
COMMON_FOR: Final = timedelta(minutes=10)
REMEMBERED: Final = 50_000
REMOVED: Final = 10
"""Documents that one transaction removes."""
NAME: Final = 200
_NONE: Final = 2
"""No passage is hidden in a list: neither those switched on (1) nor off (0)."""
FORM: Final = 3
"""Grows when shipped documents become passages in another way, so that they are installed anew."""


class Library:
    """The datasets of all accounts over one store."""

    def __init__(self, store: Store, *, now: Now, new_id: NewId, queued: Callable[[], None] = lambda: None) -> None:
        """`queued` is told whenever there is something to index."""
        self._store, self._now, self._new_id = store, now, new_id
        self.queued = queued
        self._common: dict[str, tuple[int, datetime]] = {}

    # -- datasets -------------------------------------------------------------------------------------------------

    async def create(
        self, account: str, name: str, *, id: str | None = None, description: str = "", settings: Row | None = None
    ) -> Dataset:
        """Raises `BadField("name")` when the account has a dataset of that name."""
        row: Row = {
            "id": id or self._new_id(),
            "account": account,
            "name": name,
            "description": description,
            "settings": json_text(settings or {}),
            "now": micros(self._now()),
        }
        ((made),) = await self._store.write(("dataset_put_new", row))
        if not made:
            raise BadField("name", f"there is a dataset named {name!r} already; choose another name")
        return await self.dataset(row["id"], account)

    async def dataset(self, id: str, account: str) -> Dataset:
        """Raises `NotFound("dataset")`."""
        rows = await self._store.read("dataset_get", id=id, account=account)
        if not rows:
            raise NotFound("dataset", id)
        return dataset_of(rows[0])

    async def datasets(self, account: str) -> list[Dataset]:
        """Newest first."""
        rows = await self._store.read("datasets_of_account", account=account)
        return [dataset_of(row) for row in rows]

    async def change(
        self, dataset: Dataset, *, name: str | None = None, description: str | None = None, settings: Row | None = None
    ) -> Dataset:
        """The dataset with what is given changed.  Raises `BadField("name")` and `NotFound("dataset")`."""
        row: Row = {
            "id": dataset.id,
            "account": dataset.account,
            "name": dataset.name if name is None else name,
            "description": dataset.description if description is None else description,
            "settings": json_text(dataset.settings if settings is None else settings),
            "now": micros(self._now()),
        }
        if row["name"] != dataset.name and any(row["name"] == one.name for one in await self.datasets(dataset.account)):
            raise BadField("name", f"there is a dataset named {name!r} already; choose another name")
        await self._store.write(("dataset_update", row))
        return await self.dataset(dataset.id, dataset.account)

    async def remove(self, dataset: Dataset) -> None:
        """The dataset with all that is in it; a large one in several transactions, so that others write meanwhile."""
        of = {"dataset": dataset.id}
        documents = [row["id"] for row in await self._store.read("document_digests", dataset=dataset.id)]
        for begin in range(0, len(documents), REMOVED):
            writes: list[tuple[str, Row]] = []
            for id in documents[begin : begin + REMOVED]:
                writes += [
                    ("words_delete_of_document", {"document": id}),
                    ("segments_delete", {"document": id}),
                    ("document_delete", {"id": id, "dataset": dataset.id}),
                ]
            await self._store.write(*writes)
        await self._store.write(
            ("words_delete_of_dataset", of),
            ("segments_delete_of_dataset", of),
            ("documents_delete", of),
            ("dataset_delete", {"id": dataset.id, "account": dataset.account}),
        )

    # -- documents ------------------------------------------------------------------------------------------------

    async def add(
        self,
        dataset: Dataset,
        name: str,
        text: str = "",
        *,
        file: str | None = None,
        words: str = "",
        settings: Row | None = None,
        details: Row | None = None,
    ) -> Document:
        """Keeps a document and queues it; with `file` its text is read from there when its turn comes.

        `words` are further words to find it by, `settings` how it is split, `details` what is kept beside it.
        Raises `BadField` for an empty or overlong name, or a text with nothing in it.
        """
        id = self._new_id()
        row = self._row(id, dataset.id, name, text, words, settings, details, file)
        await self._store.write(("document_put", row), *self._queue(id, text, file))
        self.queued()
        return await self.document(id, dataset.id)

    async def replace(
        self,
        document: Document,
        name: str,
        text: str = "",
        *,
        file: str | None = None,
        words: str = "",
        settings: Row | None = None,
        details: Row | None = None,
    ) -> Document:
        """A new text for a document; the old one is found until the new one is ready, and stays when that fails.

        Nothing is done again when nothing changed; raises as `add`.
        """
        kept = document.settings if settings is None else settings
        beside = document.details if details is None else details
        row = self._row(document.id, document.dataset, name, text, words, kept, beside, file)
        if row["digest"] == document.digest and document.status != "error":
            return document
        await self._store.write(("document_renew", row), *self._queue(document.id, text, file))
        self.queued()
        return await self.document(document.id, document.dataset)

    async def text(self, document: Document) -> str:
        """The whole text as it was given or read; "" before it was read."""
        rows = await self._store.read("document_text", document=document.id)
        return str(rows[0]["text"]) if rows else ""

    async def document(self, id: str, dataset: str) -> Document:
        """Raises `NotFound("document")`, also for one of another dataset."""
        rows = await self._store.read("document_get", id=id)
        if not rows or rows[0]["dataset"] != dataset:
            raise NotFound("document", id)
        return document_of(rows[0])

    async def documents(
        self, dataset: Dataset, *, keyword: str = "", shown: str = "", limit: int = 20, skip: int = 0
    ) -> tuple[list[Document], int]:
        """A page, newest first, and how many there are; `shown` is a status as keepers see it, "" for all.

        queuing, indexing, error, available, disabled, archived.
        """
        of = {"dataset": dataset.id, "like": like(keyword), "shown": shown}
        total = (await self._store.read("documents_count", **of))[0]["total"]
        rows = await self._store.read("documents_page", **of, limit=limit, skip=skip)
        return [document_of(row) for row in rows], total

    async def segments(
        self, document: Document, *, keyword: str = "", limit: int = 20, skip: int = 0
    ) -> tuple[list[Segment], int]:
        """A page of a document's passages in their order, and how many there are."""
        of = {"document": document.id, "like": like(keyword), "hidden": _NONE}
        total = (await self._store.read("segments_count", **of))[0]["total"]
        rows = await self._store.read("segments_page", **of, limit=limit, skip=skip)
        return [segment_of(row) for row in rows], total

    async def drop(self, document: Document) -> None:
        """Removes a document and its passages; it is found no more once this returns."""
        await self._store.write(
            ("words_delete_of_document", {"document": document.id}),
            ("segments_delete", {"document": document.id}),
            ("document_delete", {"id": document.id, "dataset": document.dataset}),
        )

    # -- what comes with the program ------------------------------------------------------------------------------

    async def builtin(self, id: str, account: str, name: str) -> Dataset:
        """The dataset with this id, made when there is none."""
        row: Row = {"id": id, "account": account, "name": name, "description": "", "settings": "{}"}
        await self._store.write(("dataset_put_new", {**row, "now": micros(self._now())}))
        return await self.dataset(id, account)

    async def install(self, dataset: Dataset, documents: Sequence[Shipped]) -> int:
        """Makes the dataset hold exactly these, findable at once, in one transaction; returns how many were not as now.

        Another process may do the same at the same time.
        """
        have = {row["id"]: row["digest"] for row in await self._store.read("document_digests", dataset=dataset.id)}
        writes: list[tuple[str, Row]] = []
        changed = 0
        for gone in have.keys() - {one.id for one in documents}:
            writes += [
                ("words_delete_of_document", {"document": gone}),
                ("segments_delete", {"document": gone}),
                ("document_delete", {"id": gone, "dataset": dataset.id}),
            ]
        for one in documents:
            row = self._row(one.id, dataset.id, one.name, one.text, one.words, {"slug": one.slug, "form": FORM}, None)
            if have.get(one.id) == row["digest"]:
                continue
            changed += 1
            writes += [
                ("words_delete_of_document", {"document": one.id}),
                ("segments_delete", {"document": one.id}),
                ("document_renew" if one.id in have else "document_put", row),
                ("document_text_put", {"document": one.id, "text": one.text}),
                *self._at_once(dataset, one, row["digest"]),
            ]
        if writes:
            try:
                await self._store.write(*writes)
            except Failure:
                rows = await self._store.read("document_digests", dataset=dataset.id)
                if {row["id"] for row in rows} != {one.id for one in documents}:
                    raise
        return changed

    def _at_once(self, dataset: Dataset, one: Shipped, digest: str) -> list[tuple[str, Row]]:
        pieces, now = passages(one.text), micros(self._now())
        status = {"id": one.id, "digest": digest, "error": None, "total": len(pieces), "now": now}
        writes = [("document_status", {**status, "status": status_}) for status_ in ("indexing", "completed")]
        title = f"{one.name} {one.words}"
        for piece in pieces:
            if piece.heading:
                piece = msgspec.structs.replace(piece, text=f"**{piece.heading}**\n\n{piece.text}")
            writes += segment(self._new_id(), one.id, dataset.id, f"d{dataset.number}", title, piece, now)
        return writes

    async def beginning(self, passage: Passage) -> list[Passage]:
        """The first passage of the same document, as well found as the given one."""
        rows = await self._store.read("segments_page", document=passage.document, like="%", hidden=0, limit=1, skip=0)
        return [
            msgspec.structs.replace(passage, id=row["id"], position=row["position"], text=row["text"]) for row in rows
        ]

    # -- search ---------------------------------------------------------------------------------------------------

    async def search(
        self, query: str, datasets: Sequence[Dataset], *, limit: int = 5, within: Collection[str] | None = None
    ) -> list[Passage]:
        """The passages of these datasets that speak most of what the query says, best first; `within` these documents.

        `score` is the share of the query's words, weighed by their rarity, that a passage and its title hold: 0..1.
        """
        asked = list(dict.fromkeys(words(query)))[:64]
        if not asked or not datasets:
            return []
        documents = None if within is None else json_text(sorted(within))
        looks = await asyncio.gather(*(self._look(one, asked, documents, max(NEAR, limit)) for one in datasets))
        near = [rows for rows, _ in looks if rows]
        known: Counter[str] = Counter()
        for _, counts in looks:
            known.update(counts)
        if not near:
            return []
        worth = worths(asked, known, max(sum(map(len, near)), *known.values()) + 1)
        return _ranked(near, worth, limit)

    async def _look(
        self, dataset: Dataset, asked: Sequence[str], documents: str | None, most: int
    ) -> tuple[list[Row], dict[str, int]]:
        """What a dataset's word index proposes, and in how many of its passages each word stands."""
        place = f"d{dataset.number}_"
        known = await self._counts(place, asked)
        picked = chosen(asked, known)
        if not picked:
            return [], known
        match = "{title body}: (" + " OR ".join(f'"{place}{word}"' for word in picked) + ")"
        if documents is None:
            return await self._store.read("words_search", match=match, limit=most), known
        return await self._store.read("words_search_within", match=match, documents=documents, limit=most), known

    async def _counts(self, place: str, asked: Sequence[str]) -> dict[str, int]:
        """Those of common words are remembered for a while."""
        now = self._now()
        found = {}
        for word in asked:
            count, until = self._common.get(place + word, (0, now))
            if until > now:
                found[word] = count
        rest = json_text([place + word for word in asked if word not in found])
        for row in await self._store.read("words_known", words=rest):
            found[row["term"].removeprefix(place)] = row["rows"]
            if row["rows"] >= COMMON:
                if len(self._common) >= REMEMBERED:
                    self._common.clear()
                self._common[row["term"]] = row["rows"], now + COMMON_FOR
        return found

    def _row(
        self,
        id: str,
        dataset: str,
        name: str,
        text: str,
        words: str,
        settings: Row | None,
        details: Row | None,
        file: str | None = None,
    ) -> Row:
        if not name.strip() or len(name) > NAME:
            raise BadField("name", f"name is required, and at most {NAME} characters long")
        if not text.strip() and file is None:
            raise BadField("text", "text is required")
        kept = json_text(settings or {})
        digest = sha256("\0".join((name, words, kept, file or text)).encode("utf-8", "replace")).hexdigest()
        return {
            "id": id,
            "dataset": dataset,
            "batch": self._new_id(),
            "name": name,
            "words": words,
            "settings": kept,
            "details": json_text(details or {}),
            "digest": digest,
            "chars": len(text),
            "now": micros(self._now()),
        }

    def _queue(self, id: str, text: str, file: str | None) -> list[tuple[str, Row]]:
        job = ("index_job_put", {"document": id, "file": file, "kind": "text", "now": micros(self._now())})
        return [job] if file is not None else [("document_text_put", {"document": id, "text": text}), job]


def _ranked(near: Sequence[Sequence[Row]], worth: dict[str, float], limit: int) -> list[Passage]:
    """The index's own order of each dataset and the share of the query that is met, together.

    What the index says of passages of two datasets does not compare: a word is rarer in the smaller one.
    """
    rows = {row["id"]: row for of in near for row in of}
    shares = {}
    for row in rows.values():
        title = set(words(" ".join((row["name"], row["heading"], row["words"], *msgspec.json.decode(row["keywords"])))))
        body = set(words("\n".join((row["text"], row["answer"] or "", row["inner_text"] or ""))))
        shares[row["id"]] = coverage(worth, title, body)
    by_share = sorted(shares, key=lambda id: -shares[id])
    orders = [[row["id"] for row in of] for of in near]
    return [
        Passage(
            id=id,
            library=rows[id]["dataset"],
            library_name=rows[id]["library"],
            document=rows[id]["document"],
            title=rows[id]["name"],
            position=rows[id]["position"],
            text=rows[id]["text"] + (f"\n\n{rows[id]['answer']}" if rows[id]["answer"] else ""),
            score=round(shares[id], 4),
        )
        for id in fused([*orders, by_share])[:limit]
    ]
