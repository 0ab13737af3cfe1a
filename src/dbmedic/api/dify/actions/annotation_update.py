"""`PUT /apps/annotations/{id}`: another question or answer."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id, text
from dbmedic.api.dify.actions.annotations import shown
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("PUT", "/apps/annotations/{annotation_id}")


def parse(asked: Asked) -> tuple[str, str, str]:
    """The id, the question and its answer."""
    fields = asked.fields
    question, answer = text(fields, "question", required=True), text(fields, "answer", required=True)
    return path_id(asked, "annotation_id"), question, answer


async def run(assistant: Assistant, request: tuple[str, str, str], caller: Caller) -> Reply:
    id, question, answer = request
    return json_reply(shown(await assistant.annotations.update(id, caller, question, answer)))
