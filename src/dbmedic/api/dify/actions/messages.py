"""`GET /messages`: a conversation's turns; the newest page first, the oldest first inside a page."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, page_size
from dbmedic.api.dify.files import shown
from dbmedic.api.dify.whole import whole
from dbmedic.api.dify.wire import Fault, Message, invalid, uuid_text
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.feedback import Rating
from dbmedic.assistant.files import StoredFile
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/messages", user="query", user_required=False)


class Request(Struct, frozen=True):
    conversation: str | None
    """None: an empty id was sent, which is answered with an empty page."""
    first: str | None
    limit: int


def parse(asked: Asked) -> Request:
    if "conversation_id" not in asked.query:
        raise invalid("conversation_id: Field required")
    conversation, first = asked.fields.get("conversation_id"), asked.fields.get("first_id")
    return Request(
        uuid_text(conversation, "conversation_id") if conversation else None,
        uuid_text(first, "first_id") if first else None,
        page_size(asked.fields),
    )


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    page: dict[str, Any] = {"limit": request.limit, "has_more": False, "data": []}
    if request.conversation is not None:
        try:
            logs = await assistant.conversations.messages(
                request.conversation, caller, before=request.first, limit=request.limit
            )
        except NotFound as missing:
            if missing.kind == "message":
                raise Fault(404, "not_found", "First Message Not Exists.") from None
            raise
        messages = [whole(log).message() for log in logs.rows]
        ids = [message.id for message in messages]
        ratings, files = await assistant.feedback.of(ids), await assistant.files.of(ids)
        page |= {"has_more": logs.has_more, "data": [_with(one, ratings, files) for one in messages]}
    return json_reply(page)


def _with(message: Message, ratings: dict[str, Rating], files: dict[str, list[StoredFile]]) -> Message:
    """The message with what its log does not hold."""
    rating = ratings.get(message.id)
    return msgspec.structs.replace(
        message,
        feedback=None if rating is None else {"rating": rating},
        message_files=[shown(file) for file in files.get(message.id, ())],
    )
