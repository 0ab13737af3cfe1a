"""The replies of the operations with segments, child chunks and searches; every field is always present."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class ChildRow(Struct, frozen=True, kw_only=True):
    id: str
    segment_id: str
    content: str
    position: int
    word_count: int
    type: str
    created_at: int
    updated_at: int


class ChildKept(Struct, frozen=True):
    data: ChildRow


class ChildPage(Struct, frozen=True):
    data: list[ChildRow]
    total: int
    total_pages: int
    page: int
    limit: int


class AttachmentRow(Struct, frozen=True):
    """An image of a segment; ours have none."""

    id: str
    name: str
    size: int
    extension: str
    mime_type: str
    source_url: str


class SegmentRow(Struct, frozen=True, kw_only=True):
    id: str
    position: int
    document_id: str
    content: str
    sign_content: str
    answer: str | None
    word_count: int
    tokens: int
    keywords: list[str] | None
    index_node_id: str | None
    index_node_hash: str | None
    hit_count: int
    enabled: bool
    disabled_at: int | None
    disabled_by: str | None
    status: str
    created_by: str
    created_at: int
    updated_at: int
    updated_by: str | None
    indexing_at: int | None
    completed_at: int | None
    error: str | None
    stopped_at: int | None
    child_chunks: list[ChildRow]
    attachments: list[AttachmentRow]
    summary: str | None


class SegmentsKept(Struct, frozen=True):
    data: list[SegmentRow]
    doc_form: str


class SegmentKept(Struct, frozen=True):
    data: SegmentRow
    doc_form: str


class SegmentPage(Struct, frozen=True):
    data: list[SegmentRow]
    doc_form: str
    total: int
    has_more: bool
    limit: int
    page: int


class FoundIn(Struct, frozen=True):
    id: str
    data_source_type: str
    name: str
    doc_type: str | None
    doc_metadata: dict[str, Any] | None


class FoundSegment(Struct, frozen=True, kw_only=True):
    id: str
    position: int
    document_id: str
    content: str
    sign_content: str | None
    answer: str | None
    word_count: int
    tokens: int
    keywords: list[str]
    index_node_id: str | None
    index_node_hash: str | None
    hit_count: int
    enabled: bool
    disabled_at: int | None
    disabled_by: str | None
    status: str
    created_by: str
    created_at: int
    indexing_at: int | None
    completed_at: int | None
    error: str | None
    stopped_at: int | None
    document: FoundIn


class FoundChild(Struct, frozen=True):
    id: str
    content: str
    position: int
    score: float


class Record(Struct, frozen=True, kw_only=True):
    segment: FoundSegment
    child_chunks: list[FoundChild]
    score: float | None
    tsne_position: dict[str, Any] | None = None
    files: list[AttachmentRow] = []
    summary: str | None = None


class Query(Struct, frozen=True):
    content: str


class Retrieved(Struct, frozen=True):
    query: Query
    records: list[Record]


class OutsideRecord(Struct, frozen=True):
    content: str
    score: float
    title: str
    metadata: dict[str, str]


class Records(Struct, frozen=True):
    records: list[OutsideRecord]
