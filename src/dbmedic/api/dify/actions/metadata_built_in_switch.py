"""`POST /datasets/{id}/metadata/built-in/{action}`: shows the fields that every document has, or hides them."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/metadata/built-in/{action}", keeps="knowledge", fields="query")


def parse(asked: Asked) -> tuple[str, bool]:
    """The id of the dataset, and whether they are shown."""
    action = asked.path["action"]
    if action not in ("enable", "disable"):
        raise invalid("action: Input should be enable or disable")
    return path_id(asked, "dataset_id"), action == "enable"


async def run(assistant: Assistant, request: tuple[str, bool], caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(request[0], caller)
    await assistant.knowledge.datasets.update(dataset, built_in_fields=request[1])
    return json_reply({"result": "success"})
