"""Segments and child chunks as this API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from dbmedic.api.dify.keeping import seconds
from dbmedic.api.dify.keeping_documents import form_of
from dbmedic.api.dify.segment_shapes import ChildRow, FoundChild, FoundIn, FoundSegment, Record, SegmentRow
from dbmedic.api.dify.wire import Fault, owner_id
from dbmedic.assistant import Assistant
from dbmedic.assistant.retrieval import Hit
from dbmedic.core.values import Caller
from dbmedic.knowledge.kept import Child, Dataset, Document, Segment
from dbmedic.knowledge.tokens import weight


async def place_of(assistant: Assistant, dataset: str, document: str, caller: Caller) -> tuple[Dataset, Document]:
    """A dataset and a document of it.  Raises `NotFound`."""
    found = await assistant.knowledge.datasets.get(dataset, caller)
    return found, await assistant.knowledge.documents.get(found, document)


def ready(document: Document) -> None:
    """Raises `Fault` 404 for a document that takes no segments."""
    if document.status != "completed":
        raise Fault(404, "not_found", "Document is not completed.")
    if not document.enabled:
        raise Fault(404, "not_found", "Document is disabled.")


async def shown_segments(
    assistant: Assistant, document: Document, by: str, rows: Sequence[Segment]
) -> list[SegmentRow]:
    """`by`: who keeps the document, as this API names them."""
    children = {}
    if form_of(document) == "hierarchical_model":
        children = await assistant.knowledge.passages.children([one.id for one in rows])
    return [_row(one, by, children.get(one.id, [])) for one in rows]


def keeper(dataset: Dataset, document: Document) -> str:
    return owner_id(dataset.account, document.details.get("by", ""))


def shown_child(one: Child) -> ChildRow:
    return ChildRow(
        id=one.id,
        segment_id=one.segment,
        content=one.text,
        position=one.position,
        word_count=len(one.text),
        type=one.made,
        created_at=seconds(one.created_at),
        updated_at=seconds(one.updated_at),
    )


def shown_hit(dataset: Dataset, hit: Hit, fields: Mapping[str, str]) -> Record:
    """`fields`: id of a metadata field -> its name."""
    one, document = hit.segment, hit.document
    metadata = {fields[id]: value for id, value in document.metadata.items() if id in fields}
    segment = FoundSegment(
        **_told(one, keeper(dataset, document)),
        disabled_at=None,
        disabled_by=None,
        document=FoundIn(document.id, "upload_file", document.name, None, metadata or None),
    )
    children = [FoundChild(child.id, child.text, child.position, score) for child, score in hit.children]
    return Record(segment=segment, child_chunks=children, score=hit.score, summary=one.summary)


def _row(one: Segment, by: str, children: Sequence[Child]) -> SegmentRow:
    return SegmentRow(
        **_told(one, by),
        disabled_at=None if one.disabled_at is None else seconds(one.disabled_at),
        disabled_by=None if one.enabled else by,
        updated_at=seconds(one.at),
        updated_by=None,
        child_chunks=[shown_child(child) for child in children],
        attachments=[],
        summary=one.summary,
    )


def _told(one: Segment, by: str) -> dict[str, Any]:
    """What lists of segments and results of a search tell alike."""
    at = seconds(one.created_at)
    return {
        "id": one.id,
        "position": one.position,
        "document_id": one.document,
        "content": one.text,
        "sign_content": one.text,
        "answer": one.answer,
        "word_count": len(one.text) + len(one.answer or ""),
        "tokens": weight(one.text),
        "keywords": one.keywords,
        "index_node_id": one.id,
        "index_node_hash": _hash(one.text),
        "hit_count": one.hits,
        "enabled": one.enabled,
        "status": "completed",
        "created_by": by,
        "created_at": at,
        "indexing_at": at,
        "completed_at": at,
        "error": None,
        "stopped_at": None,
    }


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()
