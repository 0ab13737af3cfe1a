"""The libraries: datasets of documents in the store, added, replaced, removed, searched.

Who may see a dataset says whoever calls; here each is named by its id and its account.  Documents become findable in
the background, see `indexing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from dbmedic.core.errors import BadField, Failure, NotFound
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Passage, Row
from dbmedic.knowledge.rank import chosen, coverage, fused, worths
from dbmedic.knowledge.segments import segment
from dbmedic.knowledge.split import passages
from dbmedic.knowledge.tokens import words

NEAR: Final = 40
"""Passages that the word index proposes."""
NAME: Final = 200
FORM: Final = 2
"""Grows when shipped documents become passages in another way, so that they are installed anew."""


class Dataset(Struct, frozen=True, kw_only=True):
    """A library."""

    number: int
    id: str
    account: str
    name: str
    description: str
    settings: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class Document(Struct, frozen=True, kw_only=True):
    """A document and how far its indexing is.  `segments` of `total` are findable while it runs."""

    id: str
    dataset: str
    batch: str
    position: int
    name: str
    words: str
    settings: dict[str, Any]
    digest: str
    status: str
    """waiting, splitting, indexing, completed or error."""
    error: str | None
    enabled: bool
    archived: bool
    chars: int
    total: int
    segments: int
    hits: int
    created_at: datetime
    updated_at: datetime
    begun_at: datetime | None = None
    split_at: datetime | None = None
    done_at: datetime | None = None


class Segment(Struct, frozen=True, kw_only=True):
    """A passage as it is kept."""

    id: str
    document: str
    dataset: str
    position: int
    heading: str
    text: str
    keywords: list[str]
    enabled: bool
    hits: int
    at: datetime


class Shipped(Struct, frozen=True, kw_only=True):
    """A document that comes with the program."""

    id: str
    slug: str
    """Its name for us, the same in every language."""
    name: str
    words: str
    text: str


class Library:
    """The datasets of all accounts over one store."""

    def __init__(self, store: Store, *, now: Now, new_id: NewId, queued: Callable[[], None] = lambda: None) -> None:
        """`queued` is told whenever there is something to index."""
        self._store, self._now, self._new_id = store, now, new_id
        self.queued = queued

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
            "settings": _json(settings or {}),
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
        return msgspec.convert(_opened(rows[0]), Dataset)

    async def datasets(self, account: str) -> list[Dataset]:
        """Newest first."""
        rows = await self._store.read("datasets_of_account", account=account)
        return [msgspec.convert(_opened(row), Dataset) for row in rows]

    async def remove(self, dataset: Dataset) -> None:
        """The dataset with all that is in it."""
        of = {"dataset": dataset.id}
        await self._store.write(
            ("words_delete_of_dataset", of),
            ("segments_delete_of_dataset", of),
            ("documents_delete", of),
            ("dataset_delete", {"id": dataset.id, "account": dataset.account}),
        )

    # -- documents ------------------------------------------------------------------------------------------------

    async def add(
        self, dataset: Dataset, name: str, text: str, *, words: str = "", settings: Row | None = None
    ) -> Document:
        """Keeps a document and queues it; `words` are further words to find it by, `settings` how it is split.

        Raises `BadField` for an empty or overlong name, or a text with nothing in it.
        """
        id = self._new_id()
        row = self._row(id, dataset.id, name, text, words, settings)
        await self._store.write(("document_put", row), *self._queue(id, text))
        self.queued()
        return await self.document(id, dataset.id)

    async def replace(
        self, document: Document, name: str, text: str, *, words: str = "", settings: Row | None = None
    ) -> Document:
        """A new text for a document.  Nothing is done again when nothing changed; raises as `add`."""
        kept = document.settings if settings is None else settings
        row = self._row(document.id, document.dataset, name, text, words, kept)
        if row["digest"] == document.digest and document.status != "error":
            return document
        await self._store.write(("document_renew", row), *self._queue(document.id, text))
        self.queued()
        return await self.document(document.id, document.dataset)

    async def document(self, id: str, dataset: str) -> Document:
        """Raises `NotFound("document")`, also for one of another dataset."""
        rows = await self._store.read("document_get", id=id)
        if not rows or rows[0]["dataset"] != dataset:
            raise NotFound("document", id)
        return _document(rows[0])

    async def documents(
        self, dataset: Dataset, *, keyword: str = "", limit: int = 20, skip: int = 0
    ) -> tuple[list[Document], int]:
        """A page, newest first, and how many there are."""
        of = {"dataset": dataset.id, "like": _like(keyword)}
        total = (await self._store.read("documents_count", **of))[0]["total"]
        rows = await self._store.read("documents_page", **of, limit=limit, skip=skip)
        return [_document(row) for row in rows], total

    async def segments(
        self, document: Document, *, keyword: str = "", limit: int = 20, skip: int = 0
    ) -> tuple[list[Segment], int]:
        """A page of a document's passages in their order, and how many there are."""
        of = {"document": document.id, "like": _like(keyword)}
        total = (await self._store.read("segments_count", **of))[0]["total"]
        rows = await self._store.read("segments_page", **of, limit=limit, skip=skip)
        return [msgspec.convert(_opened(row), Segment, strict=False) for row in rows], total

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
            row = self._row(one.id, dataset.id, one.name, one.text, one.words, {"slug": one.slug, "form": FORM})
            if have.get(one.id) == row["digest"]:
                continue
            changed += 1
            writes += [
                ("words_delete_of_document", {"document": one.id}),
                ("segments_delete", {"document": one.id}),
                ("document_renew" if one.id in have else "document_put", row),
                ("document_text_put", {"document": one.id, "text": one.text}),
                *self._at_once(dataset, one),
            ]
        if writes:
            try:
                await self._store.write(*writes)
            except Failure:
                rows = await self._store.read("document_digests", dataset=dataset.id)
                if {row["id"] for row in rows} != {one.id for one in documents}:
                    raise
        return changed

    def _at_once(self, dataset: Dataset, one: Shipped) -> list[tuple[str, Row]]:
        pieces, now = passages(one.text), micros(self._now())
        status = {"id": one.id, "error": None, "total": len(pieces), "now": now}
        writes = [("document_status", {**status, "status": status_}) for status_ in ("indexing", "completed")]
        title = f"{one.name} {one.words}"
        for piece in pieces:
            if piece.heading:
                piece = msgspec.structs.replace(piece, text=f"**{piece.heading}**\n\n{piece.text}")
            writes += segment(self._new_id(), one.id, dataset.id, f"d{dataset.number}", title, piece, now)
        return writes

    async def beginning(self, passage: Passage) -> list[Passage]:
        """The first passage of the same document, as well found as the given one."""
        rows = await self._store.read("segments_page", document=passage.document, like="%", limit=1, skip=0)
        return [
            msgspec.structs.replace(passage, id=row["id"], position=row["position"], text=row["text"]) for row in rows
        ]

    # -- search ---------------------------------------------------------------------------------------------------

    async def search(self, query: str, datasets: Sequence[Dataset], *, limit: int = 5) -> list[Passage]:
        """The passages of these datasets that speak most of what the query says, best first.

        `score` is the share of the query's words, weighed by their rarity, that a passage and its title hold: 0..1.
        """
        asked = list(dict.fromkeys(words(query)))[:64]
        if not asked or not datasets:
            return []
        rows = await self._store.read("words_known", words=_json(asked))
        known = {row["term"]: row["rows"] for row in rows}
        picked = chosen(asked, known)
        if not picked:
            return []
        places = " OR ".join(f'"d{one.number}"' for one in datasets)
        any_word = " OR ".join(f'"{word}"' for word in picked)
        match = f"place: ({places}) AND {{title body}}: ({any_word})"
        near = await self._store.read("words_search", match=match, limit=NEAR)
        worth = worths(asked, known, max(len(near), *known.values()) + 1)
        return _ranked(near, worth, limit)

    def _row(self, id: str, dataset: str, name: str, text: str, words: str, settings: Row | None) -> Row:
        if not name.strip() or len(name) > NAME:
            raise BadField("name", f"name is required, and at most {NAME} characters long")
        if not text.strip():
            raise BadField("text", "text is required")
        kept = _json(settings or {})
        digest = sha256("\0".join((name, words, kept, text)).encode("utf-8", "replace")).hexdigest()
        return {
            "id": id,
            "dataset": dataset,
            "batch": self._new_id(),
            "name": name,
            "words": words,
            "settings": kept,
            "digest": digest,
            "chars": len(text),
            "now": micros(self._now()),
        }

    def _queue(self, id: str, text: str) -> list[tuple[str, Row]]:
        return [
            ("document_text_put", {"document": id, "text": text}),
            ("index_job_put", {"document": id, "now": micros(self._now())}),
        ]


def _ranked(near: Sequence[Row], worth: dict[str, float], limit: int) -> list[Passage]:
    """The index's own order and the share of the query that is met, together."""
    shares = {}
    for row in near:
        title, body = set(words(f"{row['name']} {row['heading']} {row['words']}")), set(words(row["text"]))
        shares[row["id"]] = coverage(worth, title, body)
    by_share = sorted(shares, key=lambda id: -shares[id])
    rows = {row["id"]: row for row in near}
    return [
        Passage(
            id=id,
            library=rows[id]["dataset"],
            library_name=rows[id]["library"],
            document=rows[id]["document"],
            title=rows[id]["name"],
            position=rows[id]["position"],
            text=rows[id]["text"],
            score=round(shares[id], 4),
        )
        for id in fused([list(rows), by_share])[:limit]
    ]


def _document(row: Row) -> Document:
    return msgspec.convert(_opened(row), Document, strict=False)


def _opened(row: Row) -> Row:
    """A row of the store with its JSON texts read and its times as datetimes."""
    opened = dict(row)
    for name in ("settings", "keywords"):
        if name in opened:
            opened[name] = msgspec.json.decode(opened[name])
    for name in ("created_at", "updated_at", "begun_at", "split_at", "done_at", "at"):
        if opened.get(name) is not None:
            opened[name] = moment(opened[name])
    return opened


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _like(keyword: str) -> str:
    return f"%{keyword.lower()}%"
