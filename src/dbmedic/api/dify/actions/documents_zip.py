"""`POST /datasets/{id}/documents/download-zip`: documents as they were given, in one zip file."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, path_id
from dbmedic.api.dify.keeping import ids
from dbmedic.api.dify.keeping_new import document_at
from dbmedic.api.download import Download
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/documents/download-zip", keeps="knowledge")
HEADERS = (
    (b"content-type", b"application/zip"),
    (b"content-disposition", b'attachment; filename="documents.zip"'),
    (b"x-content-type-options", b"nosniff"),
)


def parse(asked: Asked) -> tuple[str, tuple[str, ...]]:
    """The ids of the dataset and of the documents."""
    return path_id(asked, "dataset_id"), ids(asked.fields, "document_ids", most=100)


async def run(assistant: Assistant, request: tuple[str, tuple[str, ...]], caller: Caller) -> Download:
    dataset = await assistant.knowledge.datasets.get(request[0], caller)
    wanted = dict.fromkeys(request[1])
    documents = [await document_at(assistant, dataset, id, "Document not found.") for id in wanted]
    packed, size = await assistant.knowledge.documents.packed(documents, caller.account)
    return Download(packed.path, size, HEADERS, after=packed.drop)
