"""ModifyMessagesFeedbacks: what the user thought of an answer; without a rating it is taken back."""

from __future__ import annotations

from typing import cast

from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.assistant import Assistant
from dbmedic.assistant.feedback import Rating

NAME = "ModifyMessagesFeedbacks"
CONTENT_CHARS = 2000


class Request(Struct, frozen=True):
    message: str
    rating: Rating | None
    content: str


def parse(fields: Fields) -> Request:
    rating = fields.choice("Rating", ("like", "dislike"), "")
    return Request(
        fields.required("MessageId"),
        cast("Rating", rating) if rating else None,
        fields.text("Content", limit=CONTENT_CHARS) or "",
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    await assistant.feedback.rate(request.message, asked.caller, request.rating, request.content, api="rdsai")
    return {"Result": "success"}
