"""`DELETE /datasets/tags`: a tag; datasets that had it lose it."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, nothing, text
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("DELETE", "/datasets/tags", keeps="knowledge", fields="body")


def parse(asked: Asked) -> str:
    """The id of the tag."""
    return text(asked.fields, "tag_id", required=True).lower()


async def run(assistant: Assistant, tag: str, caller: Caller) -> Reply:
    await assistant.knowledge.datasets.delete_tag(tag, caller)
    return nothing()
