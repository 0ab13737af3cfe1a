"""`GET /datasets/{id}/metadata/built-in`: the fields that every document has."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.knowledge_shapes import BuiltInField, BuiltInFields
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.labels import BUILTIN
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/{dataset_id}/metadata/built-in", keeps="knowledge")


def parse(asked: Asked) -> str:
    """The id of the dataset."""
    return path_id(asked, "dataset_id")


async def run(assistant: Assistant, id: str, caller: Caller) -> Reply:
    await assistant.knowledge.datasets.get(id, caller)
    return json_reply(BuiltInFields([BuiltInField(name, kind) for name, kind in BUILTIN.items()]))
