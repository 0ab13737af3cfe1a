"""`POST /datasets/{id}/documents/{id}/segments`: segments at the end of a document, found at once."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping_documents import form_of
from dbmedic.api.dify.keeping_segments import keeper, place_of, ready, shown_segments
from dbmedic.api.dify.segment_shapes import SegmentsKept
from dbmedic.api.dify.wire import JSON, ascii_json
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.passages import Draft
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/documents/{document_id}/segments", keeps="knowledge")


class Request(Struct, frozen=True):
    dataset: str
    document: str
    drafts: tuple[Draft, ...]
    problem: str


def parse(asked: Asked) -> Request:
    """A body that is wrong is said in a shape of its own, so it is kept until the answer."""
    drafts: tuple[Draft, ...] = ()
    problem = ""
    try:
        drafts = tuple(_draft(one) for one in _items(asked.fields.get("segments")))
    except ValueError as wrong:
        problem = str(wrong)
    return Request(path_id(asked, "dataset_id"), path_id(asked, "document_id"), drafts, problem)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    dataset, document = await place_of(assistant, request.dataset, request.document, caller)
    ready(document)
    if request.problem:
        return Reply(400, ascii_json({"error": request.problem}), JSON)
    made = await assistant.knowledge.passages.add(document, request.drafts)
    rows = await shown_segments(assistant, document, keeper(dataset, document), made)
    return json_reply(SegmentsKept(rows, form_of(document)))


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("segments: Input should be a list of at least one segment")
    return value


def _draft(value: Any) -> Draft:
    if not isinstance(value, dict):
        raise ValueError("segments: each is an object with a content")
    content, answer, keywords = value.get("content"), value.get("answer"), value.get("keywords") or []
    if not isinstance(content, str) or not content.strip():
        raise ValueError("Content is empty")
    if not isinstance(answer, str | None):
        raise ValueError("answer: Input should be a string")
    if not isinstance(keywords, list) or not all(isinstance(one, str) for one in keywords):
        raise ValueError("keywords: Input should be a list of strings")
    return Draft(text=content, answer=answer, keywords=tuple(keywords))
