"""`GET /datasets/{id}/tags`: the tags of a dataset."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.knowledge_shapes import BoundTag, BoundTags
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/{dataset_id}/tags", keeps="knowledge")


def parse(asked: Asked) -> str:
    """The id of the dataset."""
    return path_id(asked, "dataset_id")


async def run(assistant: Assistant, id: str, caller: Caller) -> Reply:
    datasets = assistant.knowledge.datasets
    shelf = await datasets.shelf(await datasets.get(id, caller))
    return json_reply(BoundTags([BoundTag(tag.id, tag.name) for tag in shelf.tags], len(shelf.tags)))
