"""`GET /app/feedbacks`: what all users of the app thought of its answers, newest first."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, integer, json_reply
from dbmedic.api.dify.wire import named_uuid, owner_id
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.feedback import Given
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/app/feedbacks")


class Request(Struct, frozen=True):
    page: int
    limit: int


def parse(asked: Asked) -> Request:
    return Request(integer(asked.fields, "page", 1, most=99_999), integer(asked.fields, "limit", 20, most=101))


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    skip = (request.page - 1) * request.limit
    given = await assistant.feedback.of_app(caller, skip=skip, limit=request.limit)
    return json_reply({"data": [_shown(one, caller) for one in given]})


def _shown(one: Given, caller: Caller) -> dict[str, Any]:
    return {
        "id": named_uuid(UUID(one.message).bytes, "feedback"),
        "app_id": caller.app,
        "conversation_id": one.conversation,
        "message_id": one.message,
        "rating": one.rating,
        "content": one.content or None,
        "from_source": "user",
        "from_end_user_id": owner_id(caller.account, one.owner),
        "from_account_id": None,
        "created_at": one.created_at.isoformat(),
        "updated_at": one.updated_at.isoformat(),
    }
