"""`POST /datasets/{id}/documents/metadata`: values of fields, for many documents at once."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, boolean, json_reply, path_id
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets/{dataset_id}/documents/metadata", keeps="knowledge")
MOST = 1000


class Values(Struct, frozen=True):
    document: str
    values: dict[str, Any]
    partial: bool


class Request(Struct, frozen=True):
    dataset: str
    operations: tuple[Values, ...]


def parse(asked: Asked) -> Request:
    data = asked.fields.get("operation_data")
    if not isinstance(data, list) or not data or len(data) > MOST:
        raise invalid(f"operation_data: Input should be a list of 1 to {MOST}")
    return Request(path_id(asked, "dataset_id"), tuple(_values(one) for one in data))


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    dataset = await assistant.knowledge.datasets.get(request.dataset, caller)
    documents = assistant.knowledge.documents
    values = [(await documents.get(dataset, one.document), one.values, one.partial) for one in request.operations]
    await assistant.knowledge.labels.label(dataset, values)
    return json_reply({"result": "success"})


def _values(one: Any) -> Values:
    if not isinstance(one, dict) or not isinstance(one.get("document_id"), str):
        raise invalid("operation_data: each is an object with a document_id")
    given = one.get("metadata_list")
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise invalid("metadata_list: Input should be a list of objects")
    values = {}
    for item in given:
        if not isinstance(item.get("id"), str):
            raise invalid("metadata_list: each has an id")
        if item["id"] != "built-in":
            values[item["id"].lower()] = item.get("value")
    partial = boolean(one.get("partial_update") or False, "partial_update")
    return Values(one["document_id"].lower(), values, partial)
