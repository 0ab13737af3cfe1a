"""`POST /apps/annotations`: an answer to a question, for the app to give from now on."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, text
from dbmedic.api.dify.actions.annotations import shown
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/apps/annotations")


def parse(asked: Asked) -> tuple[str, str]:
    """The question and its answer."""
    return text(asked.fields, "question", required=True), text(asked.fields, "answer", required=True)


async def run(assistant: Assistant, texts: tuple[str, str], caller: Caller) -> Reply:
    return json_reply(shown(await assistant.annotations.create(caller, *texts)), 201)
