"""`POST /datasets/tags/binding`: gives a dataset tags."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, nothing, text
from dbmedic.api.dify.keeping import ids
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/tags/binding", keeps="knowledge")


def parse(asked: Asked) -> tuple[tuple[str, ...], str]:
    """The ids of the tags and of the dataset."""
    target = text(asked.fields, "target_id", required=True).lower()
    return ids(asked.fields, "tag_ids", most=100), target


async def run(assistant: Assistant, request: tuple[tuple[str, ...], str], caller: Caller) -> Reply:
    datasets = assistant.knowledge.datasets
    await datasets.bind(await datasets.get(request[1], caller), caller, request[0], bound=True)
    return nothing()
