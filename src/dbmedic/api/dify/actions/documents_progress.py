"""`GET /datasets/{id}/documents/{batch}/indexing-status`: how far the documents that were given together are."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping_documents import shown_progress
from dbmedic.api.dify.knowledge_shapes import IndexingState
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/{dataset_id}/documents/{batch}/indexing-status", keeps="knowledge")


def parse(asked: Asked) -> tuple[str, str]:
    """The id of the dataset, and the batch."""
    return path_id(asked, "dataset_id"), asked.path["batch"]


async def run(assistant: Assistant, request: tuple[str, str], caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(request[0], caller)
    found = await assistant.knowledge.documents.batch(dataset, request[1])
    return json_reply(IndexingState([shown_progress(one) for one in found]))
