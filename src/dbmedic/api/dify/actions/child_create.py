"""`POST …/segments/{id}/child_chunks`: a smaller piece by which a segment is found, too."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id, text
from dbmedic.api.dify.keeping_segments import place_of, ready, shown_child
from dbmedic.api.dify.segment_shapes import ChildKept
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route(
    "POST", "/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}/child_chunks", keeps="knowledge"
)


def parse(asked: Asked) -> tuple[str, str, str, str]:
    """The ids of the dataset, the document and the segment; the text."""
    content = text(asked.fields, "content", required=True)
    return path_id(asked, "dataset_id"), path_id(asked, "document_id"), path_id(asked, "segment_id"), content


async def run(assistant: Assistant, request: tuple[str, str, str, str], caller: Caller) -> Reply:
    _, document = await place_of(assistant, *request[:2], caller)
    passages = assistant.knowledge.passages
    one = await passages.get(document, request[2])
    ready(document)
    return json_reply(ChildKept(shown_child(await passages.add_child(document, one, request[3]))))
