"""`POST /conversations/{id}/name`: renames a conversation, or has it named for what it is about."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, boolean, json_reply, path_id, text
from dbmedic.api.dify.actions.conversations import shown
from dbmedic.api.dify.actions.parameters import greeting
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/conversations/{conversation_id}/name", user="body")


class Request(Struct, frozen=True):
    conversation: str
    name: str | None
    """None: it is named by what it is about."""


def parse(asked: Asked) -> Request:
    conversation, name = path_id(asked, "conversation_id"), text(asked.fields, "name")
    if boolean(asked.fields.get("auto_generate") or False, "auto_generate"):
        return Request(conversation, None)
    if not name.strip():
        raise invalid("name is required when auto_generate is false")
    return Request(conversation, name)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    if request.name is None:
        named = await assistant.chats.rename_by_content(request.conversation, caller)
    else:
        named = await assistant.chats.rename(request.conversation, caller, request.name)
    return json_reply(shown(named, greeting(await assistant.published.newest(caller))))
