"""`GET /datasets/{id}/documents/{id}/segments/{id}`: one segment."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping_documents import form_of
from dbmedic.api.dify.keeping_segments import keeper, place_of, shown_segments
from dbmedic.api.dify.segment_shapes import SegmentKept
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/datasets/{dataset_id}/documents/{document_id}/segments/{segment_id}", keeps="knowledge")


def parse(asked: Asked) -> tuple[str, str, str]:
    """The ids of the dataset, the document and the segment."""
    return path_id(asked, "dataset_id"), path_id(asked, "document_id"), path_id(asked, "segment_id")


async def run(assistant: Assistant, ids: tuple[str, str, str], caller: Caller) -> Reply:
    dataset, document = await place_of(assistant, *ids[:2], caller)
    one = await assistant.knowledge.passages.get(document, ids[2])
    (row,) = await shown_segments(assistant, document, keeper(dataset, document), [one])
    return json_reply(SegmentKept(row, form_of(document)))
