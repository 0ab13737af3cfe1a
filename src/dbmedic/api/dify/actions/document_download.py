"""`GET /datasets/{id}/documents/{id}/download`: an address, good for a while, of the file that a document is from."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping_segments import place_of
from dbmedic.api.dify.knowledge_shapes import Address
from dbmedic.api.dify.wire import Fault
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/{dataset_id}/documents/{document_id}/download", keeps="knowledge")


class Request(Struct, frozen=True):
    dataset: str
    document: str
    base: str


def parse(asked: Asked) -> Request:
    return Request(path_id(asked, "dataset_id"), path_id(asked, "document_id"), asked.base)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    _, document = await place_of(assistant, request.dataset, request.document, caller)
    if document.file is None:
        raise Fault(404, "not_found", "Document does not have an uploaded file to download.")
    ticket = assistant.knowledge.documents.ticket(document, caller.account)
    return json_reply(Address(f"{request.base}/v1/datasets/downloads/{ticket}"))
