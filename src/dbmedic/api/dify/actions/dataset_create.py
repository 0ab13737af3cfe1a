"""`POST /datasets`: an empty dataset."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, json_reply, text
from dbmedic.api.dify.keeping import PERMISSIONS, TECHNIQUES, choice, optional_text, shown_dataset
from dbmedic.api.dify.retrieval_model import retrieval_model
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/datasets", keeps="knowledge")
SUMMARY = ("enable", "model_name", "model_provider_name", "summary_prompt")


class Request(Struct, frozen=True):
    name: str
    description: str
    settings: dict[str, Any]


def parse(asked: Asked) -> Request:
    fields = asked.fields
    if (choice(fields, "provider", ("vendor", "external")) or "vendor") != "vendor":
        raise invalid("External datasets are not supported.")
    settings = {
        "permission": choice(fields, "permission", PERMISSIONS),
        "indexing_technique": choice(fields, "indexing_technique", TECHNIQUES),
        "retrieval_model": retrieval_model(fields.get("retrieval_model")),
        "embedding_model": optional_text(fields, "embedding_model"),
        "embedding_model_provider": optional_text(fields, "embedding_model_provider"),
        "summary_index_setting": summary_setting(fields.get("summary_index_setting")),
    }
    kept = {name: value for name, value in settings.items() if value is not None}
    return Request(text(fields, "name", required=True), text(fields, "description"), kept)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    datasets = assistant.knowledge.datasets
    settings = {**request.settings, "by": caller.owner}
    made = await datasets.create(caller, request.name, request.description, settings)
    return json_reply(await shown_dataset(assistant, await datasets.shelf(made)))


def summary_setting(value: Any) -> dict[str, Any] | None:
    """Raises `Fault` 400."""
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("enable"), bool | None):
        raise invalid("summary_index_setting: Input should be an object with a boolean enable")
    return {name: value.get("enable") if name == "enable" else optional_text(value, name, 4000) for name in SUMMARY}
