"""`GET /conversations/{id}/variables`: the variables that the app keeps with a conversation; ours keeps none."""

from __future__ import annotations

import re

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, page_size, path_id
from dbmedic.api.dify.wire import invalid, uuid_text
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/conversations/{conversation_id}/variables", user="query")


class Request(Struct, frozen=True):
    conversation: str
    last: str | None
    limit: int


def parse(asked: Asked) -> Request:
    name, last = asked.fields.get("variable_name"), asked.fields.get("last_id")
    if name is not None and not re.fullmatch(r"[\w.-]{1,255}", name, re.ASCII):
        raise invalid("variable_name: Input should have 1 to 255 letters, digits, hyphens, underscores or dots")
    return Request(
        path_id(asked, "conversation_id"), uuid_text(last, "last_id") if last else None, page_size(asked.fields)
    )


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    await assistant.conversations.get(request.conversation, caller)
    if request.last is not None:
        raise invalid("")  # the reference answers an unknown variable so
    return json_reply({"limit": request.limit, "has_more": False, "data": []})
