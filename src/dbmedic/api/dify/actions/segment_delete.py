"""`DELETE /datasets/{id}/documents/{id}/segments/{id}`: a segment, found no more."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, nothing, path_id
from dbmedic.api.dify.keeping_segments import place_of
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("DELETE", "/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}", keeps="knowledge")


def parse(asked: Asked) -> tuple[str, str, str]:
    """The ids of the dataset, the document and the segment."""
    return path_id(asked, "dataset_id"), path_id(asked, "document_id"), path_id(asked, "segment_id")


async def run(assistant: Assistant, ids: tuple[str, str, str], caller: Caller) -> Reply:
    _, document = await place_of(assistant, *ids[:2], caller)
    passages = assistant.knowledge.passages
    await passages.delete(await passages.get(document, ids[2]))
    return nothing()
