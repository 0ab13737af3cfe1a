"""`GET /info`: what the app is called and which kind it is."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/info")
DESCRIPTION = "Measures databases read-only, finds the cause, answers with the numbers."


def parse(_: Asked) -> None:
    """There are no fields."""


async def run(assistant: Assistant, _: None, caller: Caller) -> Reply:
    app = await assistant.people.app(caller)
    return json_reply(
        {
            "name": app.name,
            "description": DESCRIPTION,
            "tags": ["database"],
            "mode": "advanced-chat",
            "author_name": "dbmedic",
        }
    )
