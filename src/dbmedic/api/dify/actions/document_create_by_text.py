"""`POST /datasets/{id}/document/create-by-text`: a document of a text, indexed in the background."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.keeping_new import New, new_text, written
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/document/create-by-text", keeps="knowledge")
ALSO = {
    "document_create_by_text_old": Route("POST", "/datasets/{dataset_id}/document/create_by_text", keeps="knowledge")
}


def parse(asked: Asked) -> New:
    return new_text(asked)


async def run(assistant: Assistant, new: New, caller: Caller) -> Reply:
    return await written(assistant, new, None, caller)
