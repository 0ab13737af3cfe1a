"""`GET /workflows/run/{id}`: what became of a run of the app, whoever started it."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.dify.resume import Seen
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/workflows/run/{workflow_run_id}")


def parse(asked: Asked) -> str:
    """The id of the run."""
    return asked.path["workflow_run_id"]


async def run(assistant: Assistant, run: str, caller: Caller) -> Reply:
    return json_reply(Seen.of(await assistant.runs.entries(run, caller)).detail())
