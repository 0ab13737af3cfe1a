"""`POST /apps/annotation-reply/{action}`: whether annotations answer questions, and how near these must be."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, text
from dbmedic.api.dify.wire import Fault, invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.annotations import Action
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/apps/annotation-reply/{action}")
ACTIONS: dict[str, Action] = {"enable": "enable", "disable": "disable"}


class Request(Struct, frozen=True):
    action: Action
    threshold: float


def parse(asked: Asked) -> Request:
    """The embedding model is asked for and not used: words are compared as knowledge is searched."""
    threshold = asked.fields.get("score_threshold")
    action = ACTIONS.get(asked.path["action"])
    if action is None:
        raise Fault(404, "not_found", f"There is no action {asked.path['action']!r}: enable or disable.")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise invalid("score_threshold: Input should be a number from 0 to 1")
    for name in ("embedding_provider_name", "embedding_model_name"):
        text(asked.fields, name, required=True)
    return Request(action, float(threshold))


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    job = await assistant.annotations.switch(caller, request.action, request.threshold)
    return json_reply({"job_id": job, "job_status": "completed"})
