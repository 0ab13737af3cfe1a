"""`GET /workspaces/current/models/model-types/{type}`: the models that are configured, by their provider."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.dify.knowledge_shapes import ModelList, ModelRow, ProviderRow
from dbmedic.api.dify.wire import owner_id
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/workspaces/current/models/model-types/{model_type}", keeps="knowledge")
PROVIDER = "openai_api_compatible"


def parse(asked: Asked) -> str:
    """The kind of model."""
    return asked.path["model_type"]


async def run(assistant: Assistant, kind: str, caller: Caller) -> Reply:
    names = assistant.turns.models if kind == "llm" else assistant.knowledge.retrieval.models(kind)
    if not names:
        return json_reply(ModelList([]))
    models = [ModelRow(model=name, label={"en_US": name, "zh_Hans": name}, model_type=kind) for name in names]
    label = {"en_US": "OpenAI-compatible", "zh_Hans": "OpenAI-compatible"}
    tenant = owner_id(caller.account, "workspace")
    return json_reply(ModelList([ProviderRow(tenant_id=tenant, provider=PROVIDER, label=label, models=models)]))
