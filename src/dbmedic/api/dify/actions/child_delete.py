"""`DELETE …/child_chunks/{id}`: a smaller piece of a segment."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, nothing, path_id
from dbmedic.api.dify.keeping_segments import place_of
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route(
    "DELETE",
    "/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}/child_chunks/{child_chunk_id}",
    keeps="knowledge",
)
NAMES = ("dataset_id", "document_id", "segment_id", "child_chunk_id")


def parse(asked: Asked) -> list[str]:
    """The ids of the path from left to right."""
    return [path_id(asked, name) for name in NAMES]


async def run(assistant: Assistant, ids: list[str], caller: Caller) -> Reply:
    dataset, document, segment, child = ids
    _, place = await place_of(assistant, dataset, document, caller)
    passages = assistant.knowledge.passages
    one = await passages.get(place, segment)
    await passages.delete_child(place, one, await passages.child(one, child))
    return nothing()
