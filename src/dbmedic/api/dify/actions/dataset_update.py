"""`PATCH /datasets/{id}`: another name, description, permission, or way to search."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, path_id
from dbmedic.api.dify.keeping import PERMISSIONS, TECHNIQUES, choice, optional_text, shown_dataset
from dbmedic.api.dify.retrieval_model import retrieval_model
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("PATCH", "/datasets/{dataset_id}", keeps="knowledge")
MEMBERS = 1000


class Request(Struct, frozen=True):
    dataset: str
    name: str | None
    description: str | None
    settings: dict[str, Any]


def parse(asked: Asked) -> Request:
    fields = asked.fields
    settings = {
        "permission": choice(fields, "permission", PERMISSIONS),
        "indexing_technique": choice(fields, "indexing_technique", TECHNIQUES),
        "retrieval_model": retrieval_model(fields.get("retrieval_model")),
        "embedding_model": optional_text(fields, "embedding_model"),
        "embedding_model_provider": optional_text(fields, "embedding_model_provider"),
        "members": _members(fields.get("partial_member_list")),
    }
    return Request(
        path_id(asked, "dataset_id"),
        optional_text(fields, "name"),
        optional_text(fields, "description", 400),
        {name: value for name, value in settings.items() if value is not None},
    )


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    datasets = assistant.knowledge.datasets
    before = await datasets.get(request.dataset, caller)
    settings = {**request.settings, "updated_by": caller.owner}
    after = await datasets.update(before, name=request.name, description=request.description, **settings)
    return json_reply(await shown_dataset(assistant, await datasets.shelf(after), members=True))


def _members(value: Any) -> list[dict[str, str]] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MEMBERS:
        raise invalid(f"partial_member_list: Input should be a list of at most {MEMBERS}")
    if not all(isinstance(one, dict) and isinstance(one.get("user_id"), str) for one in value):
        raise invalid("partial_member_list: each is an object with a user_id")
    return [{"user_id": one["user_id"]} for one in value]
