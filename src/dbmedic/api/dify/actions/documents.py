"""`GET /datasets/{id}/documents`: the documents of a dataset, newest first."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping import Page, choice, page_of
from dbmedic.api.dify.keeping_documents import shown_documents
from dbmedic.api.dify.knowledge_shapes import DocumentPage
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/{dataset_id}/documents", keeps="knowledge")
STATUS = ("queuing", "indexing", "paused", "error", "available", "disabled", "archived")


class Request(Struct, frozen=True):
    dataset: str
    page: Page
    keyword: str
    status: str


def parse(asked: Asked) -> Request:
    fields = asked.fields
    status = choice(fields, "status", STATUS) or ""
    return Request(path_id(asked, "dataset_id"), page_of(fields), fields.get("keyword", ""), status)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    dataset, page = await assistant.knowledge.datasets.get(request.dataset, caller), request.page
    found, total = await assistant.knowledge.documents.page(
        dataset, keyword=request.keyword, shown=request.status, skip=page.skip, limit=page.rows
    )
    rows = await shown_documents(assistant, dataset, found)
    return json_reply(DocumentPage(rows, len(rows) == page.limit, page.rows, total, page.page))
