"""GetMessages: the messages of a conversation, oldest first, read from the same log that was streamed."""

from __future__ import annotations

from typing import cast

from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.projection import EventMode
from dbmedic.api.rdsai.whole import message
from dbmedic.assistant import Assistant

NAME = "GetMessages"
WITHOUT = ("Measured", "Checked", "Found", "Skipped")
"""Kinds of events that no frame shows."""


class Request(Struct, frozen=True):
    conversation: str
    first: str | None
    limit: int
    mode: EventMode


def parse(fields: Fields) -> Request:
    mode = fields.choice("EventMode", ("inline", "separate"), "inline")
    return Request(
        fields.required("ConversationId"),
        fields.text("FirstId"),
        fields.integer("Limit", 100, 1, 100),
        cast("EventMode", mode),
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    page = await assistant.conversations.messages(
        request.conversation, asked.caller, before=request.first, limit=request.limit, without=WITHOUT
    )
    ratings = await assistant.feedback.of([log[0].turn for log in page.rows])
    rows = [message(log, request.mode, ratings.get(log[0].turn, "")) for log in page.rows]
    return {"Data": rows, "HasMore": page.has_more, "Limit": request.limit}
