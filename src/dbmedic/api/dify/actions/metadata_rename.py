"""`PATCH /datasets/{id}/metadata/{id}`: another name for a field."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id, text
from dbmedic.api.dify.knowledge_shapes import FieldName
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("PATCH", "/datasets/{dataset_id}/metadata/{metadata_id}", keeps="knowledge")


def parse(asked: Asked) -> tuple[str, str, str]:
    """The ids of the dataset and the field, and the name."""
    return path_id(asked, "dataset_id"), path_id(asked, "metadata_id"), text(asked.fields, "name", required=True)


async def run(assistant: Assistant, request: tuple[str, str, str], caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(request[0], caller)
    field = await assistant.knowledge.labels.rename(dataset, request[1], request[2])
    return json_reply(FieldName(field.id, field.name, field.kind))
