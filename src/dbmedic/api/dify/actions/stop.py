"""`POST /chat-messages/{task_id}/stop`: ends a run of the same app and user; any other id gets the same reply."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/chat-messages/{task_id}/stop", user="body", user_required=True)


def parse(asked: Asked) -> str:
    """The id of the run."""
    return asked.path["task_id"]


async def run(assistant: Assistant, task: str, caller: Caller) -> Reply:
    await assistant.turns.stop(task, caller)
    return json_reply({"result": "success"})
