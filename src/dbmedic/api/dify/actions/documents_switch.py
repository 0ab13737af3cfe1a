"""`PATCH /datasets/{id}/documents/status/{action}`: switches documents on or off, to the archive and back."""

from __future__ import annotations

from typing import Any, get_args

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping import ids
from dbmedic.api.dify.wire import Fault
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.documents import Indexing, Switch
from dbmedic.core.values import Caller

ROUTE = Route("PATCH", "/datasets/{dataset_id}/documents/status/{action}", keeps="knowledge")
SWITCHES = get_args(Switch)


class Request(Struct, frozen=True):
    dataset: str
    action: Any
    documents: tuple[str, ...]


def parse(asked: Asked) -> Request:
    action = asked.path["action"]
    if action not in SWITCHES:
        raise Fault(400, "invalid_action", f"Invalid action: {action}; actions: {', '.join(SWITCHES)}")
    return Request(path_id(asked, "dataset_id"), action, ids(asked.fields, "document_ids"))


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(request.dataset, caller)
    try:
        await assistant.knowledge.documents.switch(dataset, request.documents, request.action, caller.owner)
    except Indexing as problem:
        raise Fault(400, "invalid_action", str(problem)) from None
    return json_reply({"result": "success"})
