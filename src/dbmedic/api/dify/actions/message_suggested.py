"""`GET /messages/{id}/suggested`: questions that may follow an answer, in the language of the one before."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/messages/{message_id}/suggested", user="query", user_required=True)


def parse(asked: Asked) -> str:
    """The id of the message."""
    return path_id(asked, "message_id")


async def run(assistant: Assistant, message: str, caller: Caller) -> Reply:
    visible = [card.id for card in await assistant.watch.cards(caller)]
    return json_reply({"result": "success", "data": await assistant.chats.suggested(message, caller, visible)})
