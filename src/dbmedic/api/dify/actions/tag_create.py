"""`POST /datasets/tags`: a tag that datasets are sorted by."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, text
from dbmedic.api.dify.actions.tags import shown
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/tags", keeps="knowledge")


def parse(asked: Asked) -> str:
    """The name of the tag."""
    return text(asked.fields, "name", required=True)


async def run(assistant: Assistant, name: str, caller: Caller) -> Reply:
    return json_reply(shown(await assistant.knowledge.datasets.create_tag(caller, name)))
