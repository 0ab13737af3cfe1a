"""`PATCH …/child_chunks/{id}`: another text for a smaller piece."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id, text
from dbmedic.api.dify.keeping_segments import place_of, shown_child
from dbmedic.api.dify.segment_shapes import ChildKept
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route(
    "PATCH",
    "/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}/child_chunks/{child_chunk_id}",
    keeps="knowledge",
)
NAMES = ("dataset_id", "document_id", "segment_id", "child_chunk_id")


def parse(asked: Asked) -> tuple[list[str], str]:
    """The ids of the path from left to right, and the text."""
    return [path_id(asked, name) for name in NAMES], text(asked.fields, "content", required=True)


async def run(assistant: Assistant, request: tuple[list[str], str], caller: Caller) -> Reply:
    (dataset, document, segment, child), content = request
    _, place = await place_of(assistant, dataset, document, caller)
    passages = assistant.knowledge.passages
    one = await passages.get(place, segment)
    changed = await passages.update_child(place, one, await passages.child(one, child), content)
    return json_reply(ChildKept(shown_child(changed)))
