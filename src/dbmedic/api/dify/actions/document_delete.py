"""`DELETE /datasets/{id}/documents/{id}`: a document and its segments."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, nothing, path_id
from dbmedic.api.dify.keeping_new import document_at
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("DELETE", "/datasets/{dataset_id}/documents/{document_id}", keeps="knowledge")


def parse(asked: Asked) -> tuple[str, str]:
    """The ids of the dataset and the document."""
    return path_id(asked, "dataset_id"), path_id(asked, "document_id")


async def run(assistant: Assistant, ids: tuple[str, str], caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(ids[0], caller)
    await assistant.knowledge.documents.delete(await document_at(assistant, dataset, ids[1], "Document Not Exists."))
    return nothing()
