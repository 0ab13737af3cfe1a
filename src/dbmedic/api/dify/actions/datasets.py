"""`GET /datasets`: the datasets of the account, newest first."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, boolean, json_reply
from dbmedic.api.dify.keeping import Page, page_of, shown_dataset
from dbmedic.api.dify.knowledge_shapes import DatasetPage
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets", keeps="knowledge")


class Request(Struct, frozen=True):
    page: Page
    keyword: str
    tags: tuple[str, ...]


def parse(asked: Asked) -> Request:
    boolean(asked.fields.get("include_all", "false"), "include_all")
    tags = tuple(one.lower() for one in asked.repeated.get("tag_ids", ()))
    return Request(page_of(asked.fields), asked.fields.get("keyword", ""), tags)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    page = request.page
    shelves, total = await assistant.knowledge.datasets.shelves(
        caller, keyword=request.keyword, tags=request.tags, skip=page.skip, limit=page.rows
    )
    rows = [await shown_dataset(assistant, one) for one in shelves]
    return json_reply(DatasetPage(rows, len(rows) == page.limit, page.rows, total, page.page))
