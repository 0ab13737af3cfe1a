"""`DELETE /conversations/{id}`: hides a conversation of the user."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, nothing, path_id
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("DELETE", "/conversations/{conversation_id}", user="body")


def parse(asked: Asked) -> str:
    """The id of the conversation."""
    return path_id(asked, "conversation_id")


async def run(assistant: Assistant, conversation: str, caller: Caller) -> Reply:
    await assistant.chats.delete(conversation, caller)
    return nothing()
