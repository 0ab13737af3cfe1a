"""`PUT /conversations/{id}/variables/{variable_id}`: no app of ours has variables, so none is found."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, path_id
from dbmedic.api.dify.wire import Fault, invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("PUT", "/conversations/{conversation_id}/variables/{variable_id}", user="body")


def parse(asked: Asked) -> str:
    """The id of the conversation."""
    path_id(asked, "variable_id")
    if "value" not in asked.fields:
        raise invalid("value: Field required")
    return path_id(asked, "conversation_id")


async def run(assistant: Assistant, conversation: str, caller: Caller) -> Reply:
    await assistant.conversations.get(conversation, caller)
    raise Fault(404, "not_found", "Conversation Variable Not Exists.")
