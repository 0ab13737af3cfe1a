"""`PATCH /datasets/tags`: another name for a tag."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, text
from dbmedic.api.dify.actions.tags import shown
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("PATCH", "/datasets/tags", keeps="knowledge")


def parse(asked: Asked) -> tuple[str, str]:
    """The id of the tag and its name."""
    return text(asked.fields, "tag_id", required=True).lower(), text(asked.fields, "name", required=True)


async def run(assistant: Assistant, request: tuple[str, str], caller: Caller) -> Reply:
    return json_reply(shown(await assistant.knowledge.datasets.rename_tag(request[0], caller, request[1])))
