"""`GET /datasets/{id}/metadata`: the fields of a dataset, and how many documents have a value for each."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.knowledge_shapes import FieldCount, FieldList
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/{dataset_id}/metadata", keeps="knowledge")


def parse(asked: Asked) -> str:
    """The id of the dataset."""
    return path_id(asked, "dataset_id")


async def run(assistant: Assistant, id: str, caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(id, caller)
    labels = assistant.knowledge.labels
    counts = await labels.counts(dataset)
    rows = [FieldCount(one.id, one.name, one.kind, counts.get(one.id, 0)) for one in await labels.fields(dataset)]
    return json_reply(FieldList(rows, bool(dataset.settings.get("built_in_fields"))))
