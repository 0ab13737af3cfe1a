"""`POST /datasets/{id}/retrieve`: the segments that speak most of a query."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id, text
from dbmedic.api.dify.keeping_segments import shown_hit
from dbmedic.api.dify.retrieval_model import DEFAULT, retrieval_model, search_of
from dbmedic.api.dify.segment_shapes import Query, Retrieved
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/retrieve", keeps="knowledge")
ALSO = {"hit_testing": Route("POST", "/datasets/{dataset_id}/hit-testing", keeps="knowledge")}
QUERY_CHARS = 250


class Request(Struct, frozen=True):
    dataset: str
    query: str
    model: dict[str, Any] | None


def parse(asked: Asked) -> Request:
    query = text(asked.fields, "query")
    if not query.strip():
        raise invalid("Query is required")
    if len(query) > QUERY_CHARS:
        raise invalid(f"Query cannot exceed {QUERY_CHARS} characters")
    return Request(path_id(asked, "dataset_id"), query, retrieval_model(asked.fields.get("retrieval_model")))


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(request.dataset, caller)
    model = request.model or dataset.settings.get("retrieval_model", DEFAULT)
    hits = await assistant.knowledge.retrieval.find(request.query, [dataset], search_of(model))
    fields = {one.id: one.name for one in await assistant.knowledge.labels.fields(dataset)}
    return json_reply(Retrieved(Query(request.query), [shown_hit(dataset, one, fields) for one in hits]))
