"""`GET /apps/annotation-reply/{action}/status/{job_id}`: what became of such a change; each is done at once."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/apps/annotation-reply/{action}/status/{job_id}")


def parse(asked: Asked) -> str:
    """The id of the job."""
    return asked.path["job_id"]


async def run(assistant: Assistant, job: str, caller: Caller) -> Reply:
    try:
        await assistant.annotations.job(job, caller)
    except NotFound:
        raise invalid("The job does not exist.") from None
    return json_reply({"job_id": job, "job_status": "completed", "error_msg": ""})
