"""`POST /datasets/{id}/documents/{id}/update-by-text`: a new text for a document, indexed in the background."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.keeping_new import New, new_text, written
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/documents/{document_id}/update-by-text", keeps="knowledge")
ALSO = {
    "document_update_by_text_old": Route(
        "POST", "/datasets/{dataset_id}/documents/{document_id}/update_by_text", keeps="knowledge"
    )
}


def parse(asked: Asked) -> New:
    return new_text(asked, old=True)


async def run(assistant: Assistant, new: New, caller: Caller) -> Reply:
    return await written(assistant, new, None, caller)
