"""`GET /apps/annotations`: the answers that people gave for the app, newest first."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, integer, json_reply
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.annotations import Annotation
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/apps/annotations")
ROWS = 100


class Request(Struct, frozen=True):
    page: int
    limit: int
    keyword: str


def parse(asked: Asked) -> Request:
    fields = asked.fields
    page, limit = integer(fields, "page", 1, most=99_999), integer(fields, "limit", 20, most=99_999)
    return Request(page, limit, fields.get("keyword", ""))


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    found = await assistant.annotations.list(caller, keyword=request.keyword)
    rows = min(request.limit, ROWS)
    shown_now = found[(request.page - 1) * rows : request.page * rows]
    return json_reply(
        {
            "data": [shown(one) for one in shown_now],
            "has_more": len(shown_now) == rows,
            "limit": request.limit,
            "total": len(found),
            "page": request.page,
        }
    )


def shown(one: Annotation) -> dict[str, Any]:
    return {
        "id": one.id,
        "question": one.question,
        "answer": one.answer,
        "hit_count": one.hit_count,
        "created_at": int(one.created_at.timestamp()),
    }
