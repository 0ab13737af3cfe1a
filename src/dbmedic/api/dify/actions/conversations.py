"""`GET /conversations`: the user's conversations, the last used first."""

from __future__ import annotations

from typing import Any, get_args

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, page_size
from dbmedic.api.dify.actions.parameters import greeting
from dbmedic.api.dify.wire import Fault, invalid, uuid_text
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.conversations import Conversation, Sort
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/conversations", user="query", user_required=False)
SORTS: tuple[Sort, ...] = get_args(Sort)


class Request(Struct, frozen=True):
    last: str | None
    limit: int
    sort: Sort


def parse(asked: Asked) -> Request:
    last, sort = asked.fields.get("last_id"), asked.fields.get("sort_by", "-updated_at")
    if sort not in SORTS:
        raise invalid(f"sort_by: Input should be one of {', '.join(SORTS)}")
    return Request(uuid_text(last, "last_id") if last else None, page_size(asked.fields), sort)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    try:
        page = await assistant.conversations.list(caller, after=request.last, limit=request.limit, sort=request.sort)
    except NotFound:
        raise Fault(404, "not_found", "Last Conversation Not Exists.") from None
    opening = greeting(await assistant.published.newest(caller))
    rows = [shown(conversation, opening) for conversation in page.rows]
    return json_reply({"limit": request.limit, "has_more": page.has_more, "data": rows})


def shown(conversation: Conversation, opening: str) -> dict[str, Any]:
    """`opening`: what the app shows before the first question."""
    return {
        "id": conversation.id,
        "name": conversation.name,
        "inputs": conversation.inputs,
        "status": "normal",
        "introduction": opening,
        "created_at": int(conversation.created_at.timestamp()),
        "updated_at": int(conversation.updated_at.timestamp()),
    }
