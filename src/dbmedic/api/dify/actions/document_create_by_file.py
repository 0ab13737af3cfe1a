"""`POST /datasets/{id}/document/create-by-file`: a document of a file, indexed in the background."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.keeping_new import New, new_file, written
from dbmedic.api.http import Reply
from dbmedic.api.multipart import Part
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/document/create-by-file", keeps="knowledge", fields="form")
ALSO = {
    "document_create_by_file_old": Route(
        "POST", "/datasets/{dataset_id}/document/create_by_file", keeps="knowledge", fields="form"
    )
}


def parse(asked: Asked) -> tuple[New, Part | None]:
    return new_file(asked)


async def run(assistant: Assistant, new: tuple[New, Part | None], caller: Caller) -> Reply:
    return await written(assistant, *new, caller)
