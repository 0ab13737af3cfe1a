"""`DELETE /apps/annotations/{id}`: the app gives this answer no longer."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, nothing, path_id
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("DELETE", "/apps/annotations/{annotation_id}")


def parse(asked: Asked) -> str:
    """The id of the annotation."""
    return path_id(asked, "annotation_id")


async def run(assistant: Assistant, annotation: str, caller: Caller) -> Reply:
    await assistant.annotations.delete(annotation, caller)
    return nothing()
