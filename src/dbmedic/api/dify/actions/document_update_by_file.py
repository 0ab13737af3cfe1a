"""`PATCH /datasets/{id}/documents/{id}`: a new file for a document, or a new way to split it."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.keeping_new import New, new_file, written
from dbmedic.api.http import Reply
from dbmedic.api.multipart import Part
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("PATCH", "/datasets/{dataset_id}/documents/{document_id}", keeps="knowledge", fields="form")
ALSO = {
    "document_update_by_file_post": Route(
        "POST", "/datasets/{dataset_id}/documents/{document_id}/update-by-file", keeps="knowledge", fields="form"
    ),
    "document_update_by_file_old": Route(
        "POST", "/datasets/{dataset_id}/documents/{document_id}/update_by_file", keeps="knowledge", fields="form"
    ),
}


def parse(asked: Asked) -> tuple[New, Part | None]:
    return new_file(asked, old=True)


async def run(assistant: Assistant, new: tuple[New, Part | None], caller: Caller) -> Reply:
    return await written(assistant, *new, caller)
