"""`POST /messages/{id}/feedbacks`: what the user thinks of an answer; null takes it back."""

from __future__ import annotations

from typing import get_args

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id, text
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.feedback import Rating
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/messages/{message_id}/feedbacks", user="body", user_required=True)
CHARS = 10_000


class Request(Struct, frozen=True):
    message: str
    rating: Rating | None
    content: str


def parse(asked: Asked) -> Request:
    rating, content = asked.fields.get("rating"), text(asked.fields, "content")
    if rating is not None and rating not in get_args(Rating):
        raise invalid("rating: Input should be 'like' or 'dislike'")
    if len(content) > CHARS:
        raise invalid(f"content: {len(content)} characters, at most {CHARS}")
    return Request(path_id(asked, "message_id"), rating, content)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    if not await assistant.feedback.rate(request.message, caller, request.rating, request.content, api="dify"):
        raise invalid("rating cannot be None when feedback not exists")
    return json_reply({"result": "success"})
