"""`POST /workflows/run`: for a workflow app, which none of ours is."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.wire import Fault
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/workflows/run", user="body", user_required=True)


def parse(_: Asked) -> None:
    """No field matters."""


async def run(assistant: Assistant, _: None, caller: Caller) -> Reply:  # noqa: ARG001 - as every operation
    raise Fault(400, "not_workflow_app", "Please check if your app mode matches the right API route.")
