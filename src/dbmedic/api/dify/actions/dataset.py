"""`GET /datasets/{id}`: one dataset."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping import shown_dataset
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/{dataset_id}", keeps="knowledge")


def parse(asked: Asked) -> str:
    """The id of the dataset."""
    return path_id(asked, "dataset_id")


async def run(assistant: Assistant, dataset: str, caller: Caller) -> Reply:
    datasets = assistant.knowledge.datasets
    shelf = await datasets.shelf(await datasets.get(dataset, caller))
    members = shelf.dataset.settings.get("permission") == "partial_members"
    return json_reply(await shown_dataset(assistant, shelf, members=members))
