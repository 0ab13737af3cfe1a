"""`DELETE /datasets/{id}`: the dataset and all that is in it."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, nothing, path_id
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("DELETE", "/datasets/{dataset_id}", keeps="knowledge")


def parse(asked: Asked) -> str:
    """The id of the dataset."""
    return path_id(asked, "dataset_id")


async def run(assistant: Assistant, dataset: str, caller: Caller) -> Reply:
    datasets = assistant.knowledge.datasets
    found = await datasets.get(dataset, caller)
    await datasets.free(found)
    await assistant.knowledge.documents.empty(found)
    await datasets.delete(found)
    return nothing()
