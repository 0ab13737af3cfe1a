"""What a library keeps, as values: datasets, documents, passages, smaller passages; and how rows become them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.core.log import moment
from dbmedic.core.values import Row


class Dataset(Struct, frozen=True, kw_only=True):
    """A library."""

    number: int
    id: str
    account: str
    name: str
    description: str
    settings: dict[str, Any]
    """What its keepers chose; nothing in here changes what is found but by those who read it."""
    created_at: datetime
    updated_at: datetime


class Document(Struct, frozen=True, kw_only=True):
    """A document and how far its indexing is: `staged` of `total` new passages are ready while it runs."""

    id: str
    dataset: str
    batch: str
    position: int
    name: str
    words: str
    settings: dict[str, Any]
    """How it is split."""
    digest: str
    status: str
    """waiting, parsing, splitting, indexing, completed or error."""
    error: str | None
    enabled: bool
    archived: bool
    chars: int
    total: int
    segments: int
    """Passages that are found now."""
    staged: int
    hits: int
    created_at: datetime
    updated_at: datetime
    begun_at: datetime | None = None
    split_at: datetime | None = None
    done_at: datetime | None = None
    details: dict[str, Any] = {}
    """What its keepers know of it; not searched."""
    metadata: dict[str, Any] = {}
    """Id of a field -> value."""
    file: str | None = None
    """The file its text is from."""


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
    created_at: datetime
    answer: str | None = None
    summary: str | None = None
    disabled_at: datetime | None = None


class Child(Struct, frozen=True, kw_only=True):
    """A smaller passage by which a larger one is found."""

    id: str
    segment: str
    position: int
    text: str
    made: str
    """automatic, or customized by somebody."""
    created_at: datetime
    updated_at: datetime


class Shipped(Struct, frozen=True, kw_only=True):
    """A document that comes with the program."""

    id: str
    slug: str
    """Its name for us, the same in every language."""
    name: str
    words: str
    text: str


_TEXTS = ("settings", "keywords", "details", "metadata")
_TIMES = ("created_at", "updated_at", "begun_at", "split_at", "done_at", "at", "disabled_at")


def opened(row: Row) -> Row:
    """A row of the store with its JSON texts read and its times as datetimes."""
    made = dict(row)
    for name in _TEXTS:
        if name in made:
            made[name] = msgspec.json.decode(made[name])
    for name in _TIMES:
        if made.get(name) is not None:
            made[name] = moment(made[name])
    return made


def dataset_of(row: Row) -> Dataset:
    return msgspec.convert(opened(row), Dataset)


def document_of(row: Row) -> Document:
    return msgspec.convert(opened(row), Document, strict=False)


def segment_of(row: Row) -> Segment:
    return msgspec.convert(opened(row), Segment, strict=False)


def child_of(row: Row) -> Child:
    return msgspec.convert(opened(row), Child)


def json_text(value: Any) -> str:
    """JSON whose fields are in one order, so that the same value gives the same text."""
    return msgspec.json.encode(value, order="sorted").decode()


def like(keyword: str) -> str:
    """A pattern for texts that hold the keyword; `!` escapes."""
    keyword = keyword.lower()
    for sign in "!%_":
        keyword = keyword.replace(sign, f"!{sign}")
    return f"%{keyword}%" if keyword else "%"
