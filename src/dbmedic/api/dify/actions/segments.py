"""`GET /datasets/{id}/documents/{id}/segments`: the segments of a document in their order."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping import Page, page_of
from dbmedic.api.dify.keeping_documents import form_of
from dbmedic.api.dify.keeping_segments import keeper, place_of, shown_segments
from dbmedic.api.dify.segment_shapes import SegmentPage
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller
from dbmedic.knowledge.kept import Segment

ROUTE = Route("GET", "/datasets/{dataset_id}/documents/{document_id}/segments", keeps="knowledge")


class Request(Struct, frozen=True):
    dataset: str
    document: str
    page: Page
    keyword: str
    status: tuple[str, ...]


def parse(asked: Asked) -> Request:
    return Request(
        path_id(asked, "dataset_id"),
        path_id(asked, "document_id"),
        page_of(asked.fields, lenient=True),
        asked.fields.get("keyword", ""),
        tuple(asked.repeated.get("status", ())),
    )


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    dataset, document = await place_of(assistant, request.dataset, request.document, caller)
    page, total = request.page, 0
    found: list[Segment] = []
    if not request.status or "completed" in request.status:
        found, total = await assistant.knowledge.passages.page(
            document, keyword=request.keyword, skip=page.skip, limit=page.rows
        )
    rows = await shown_segments(assistant, document, keeper(dataset, document), found)
    has_more = len(rows) == page.limit
    return json_reply(SegmentPage(rows, form_of(document), total, has_more, page.rows, page.page))
