"""`GET …/segments/{id}/child_chunks`: the smaller pieces of a segment in their order."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping import Page, page_of
from dbmedic.api.dify.keeping_segments import place_of, shown_child
from dbmedic.api.dify.segment_shapes import ChildPage
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route(
    "GET", "/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}/child_chunks", keeps="knowledge"
)


class Request(Struct, frozen=True):
    dataset: str
    document: str
    segment: str
    page: Page
    keyword: str


def parse(asked: Asked) -> Request:
    return Request(
        path_id(asked, "dataset_id"),
        path_id(asked, "document_id"),
        path_id(asked, "segment_id"),
        page_of(asked.fields, lenient=True),
        asked.fields.get("keyword", ""),
    )


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    _, document = await place_of(assistant, request.dataset, request.document, caller)
    passages, page = assistant.knowledge.passages, request.page
    one = await passages.get(document, request.segment)
    wanted = request.keyword.casefold()
    found = [child for child in (await passages.children([one.id])).get(one.id, ()) if wanted in child.text.casefold()]
    rows = [shown_child(child) for child in found[page.skip : page.skip + page.rows]]
    pages = -(-len(found) // page.rows)
    return json_reply(ChildPage(rows, len(found), pages, page.page, page.rows))
