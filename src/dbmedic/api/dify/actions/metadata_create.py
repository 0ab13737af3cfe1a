"""`POST /datasets/{id}/metadata`: a field that documents of a dataset may have a value for."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id, text
from dbmedic.api.dify.keeping import choice
from dbmedic.api.dify.knowledge_shapes import FieldName
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.labels import KINDS
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/metadata", keeps="knowledge")


class Request(Struct, frozen=True):
    dataset: str
    name: str
    kind: Any


def parse(asked: Asked) -> Request:
    kind = choice(asked.fields, "type", KINDS)
    if kind is None:
        raise invalid("type: Field required")
    return Request(path_id(asked, "dataset_id"), text(asked.fields, "name", required=True), kind)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(request.dataset, caller)
    made = await assistant.knowledge.labels.create(dataset, request.name, request.kind)
    return json_reply(FieldName(made.id, made.name, made.kind), 201)
