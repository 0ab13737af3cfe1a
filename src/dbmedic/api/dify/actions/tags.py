"""`GET /datasets/tags`: the tags of the account."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.dify.knowledge_shapes import TagRow
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.datasets import Tag
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/tags", keeps="knowledge")


def parse(_: Asked) -> None:
    """There are no fields."""


async def run(assistant: Assistant, _: None, caller: Caller) -> Reply:
    return json_reply([shown(one) for one in await assistant.knowledge.datasets.tags(caller)])


def shown(one: Tag) -> TagRow:
    return TagRow(one.id, one.name, "knowledge", str(one.bound))
