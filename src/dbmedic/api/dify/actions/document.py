"""`GET /datasets/{id}/documents/{id}`: all that is known of a document."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping_documents import shown_detail
from dbmedic.api.dify.keeping_segments import place_of
from dbmedic.api.dify.wire import Fault
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/{dataset_id}/documents/{document_id}", keeps="knowledge")


class Request(Struct, frozen=True):
    dataset: str
    document: str
    metadata: str


def parse(asked: Asked) -> Request:
    metadata = asked.fields.get("metadata", "all")
    if metadata not in ("all", "only", "without"):
        raise Fault(400, "invalid_metadata", f"Invalid metadata value: {metadata}")
    return Request(path_id(asked, "dataset_id"), path_id(asked, "document_id"), metadata)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    dataset, document = await place_of(assistant, request.dataset, request.document, caller)
    return json_reply(await shown_detail(assistant, dataset, document, request.metadata))
