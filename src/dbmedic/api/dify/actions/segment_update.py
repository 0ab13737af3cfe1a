"""`POST /datasets/{id}/documents/{id}/segments/{id}`: another text or answer; switches a segment on or off."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, boolean, json_reply, path_id
from dbmedic.api.dify.keeping import optional_text
from dbmedic.api.dify.keeping_documents import form_of
from dbmedic.api.dify.keeping_segments import keeper, place_of, ready, shown_segments
from dbmedic.api.dify.segment_shapes import SegmentKept
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.passages import CHARS
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}", keeps="knowledge")


class Request(Struct, frozen=True):
    dataset: str
    document: str
    segment: str
    changes: dict[str, Any]
    remake: bool


def parse(asked: Asked) -> Request:
    value = asked.fields.get("segment")
    if not isinstance(value, dict):
        raise invalid("segment: Field required")
    changes: dict[str, Any] = {
        "text": optional_text(value, "content", CHARS),
        "answer": optional_text(value, "answer", CHARS),
        "summary": optional_text(value, "summary", CHARS),
    }
    if (keywords := value.get("keywords")) is not None:
        if not isinstance(keywords, list) or not all(isinstance(one, str) for one in keywords):
            raise invalid("keywords: Input should be a list of strings")
        changes["keywords"] = keywords
    if value.get("enabled") is not None:
        changes["enabled"] = boolean(value["enabled"], "enabled")
    return Request(
        path_id(asked, "dataset_id"),
        path_id(asked, "document_id"),
        path_id(asked, "segment_id"),
        {name: new for name, new in changes.items() if new is not None},
        boolean(value.get("regenerate_child_chunks") or False, "regenerate_child_chunks"),
    )


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    dataset, document = await place_of(assistant, request.dataset, request.document, caller)
    passages = assistant.knowledge.passages
    one = await passages.get(document, request.segment)
    ready(document)
    changed = await passages.update(document, one, remake=request.remake, **request.changes)
    (row,) = await shown_segments(assistant, document, keeper(dataset, document), [changed])
    return json_reply(SegmentKept(row, form_of(document)))
