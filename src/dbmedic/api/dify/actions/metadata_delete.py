"""`DELETE /datasets/{id}/metadata/{id}`: a field and the values that documents have for it."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, nothing, path_id
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("DELETE", "/datasets/{dataset_id}/metadata/{metadata_id}", keeps="knowledge")


def parse(asked: Asked) -> tuple[str, str]:
    """The ids of the dataset and the field."""
    return path_id(asked, "dataset_id"), path_id(asked, "metadata_id")


async def run(assistant: Assistant, ids: tuple[str, str], caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(ids[0], caller)
    await assistant.knowledge.labels.delete(dataset, ids[1])
    return nothing()
