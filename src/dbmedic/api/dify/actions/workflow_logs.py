"""`GET /workflows/logs`: runs of workflow apps; an app that chats has none, its runs are messages."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, integer, json_reply, page_size
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/workflows/logs")
STATUSES = ("succeeded", "failed", "stopped")


class Request(Struct, frozen=True):
    page: int
    limit: int


def parse(asked: Asked) -> Request:
    fields = asked.fields
    if fields.get("status", "succeeded") not in STATUSES:
        raise invalid("status: Input should be 'succeeded', 'failed' or 'stopped'")
    for name in ("created_at__before", "created_at__after"):
        if name in fields:
            try:
                datetime.fromisoformat(fields[name])
            except ValueError:
                raise invalid(f"{name}: Input should be a time as ISO 8601 writes it") from None
    return Request(integer(fields, "page", 1, most=99_999), page_size(fields))


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:  # noqa: ARG001 - as every operation
    return json_reply({"page": request.page, "limit": request.limit, "total": 0, "has_more": False, "data": []})
