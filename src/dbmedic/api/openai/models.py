"""`/v1/models`: each agent that the key may ask is a model.

https://platform.openai.com/docs/api-reference/models
"""

from __future__ import annotations

from typing import Any

from dbmedic.api.http import Reply
from dbmedic.api.openai.asking import DEFAULT, no_model
from dbmedic.api.openai.wire import json_reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.agents import MOST
from dbmedic.core.values import Caller


async def list_(assistant: Assistant, caller: Caller, fields: dict[str, Any]) -> Reply:  # noqa: ARG001 - as every operation
    return json_reply({"object": "list", "data": await _models(assistant, caller)})


async def retrieve(assistant: Assistant, caller: Caller, fields: dict[str, Any]) -> Reply:
    for model in await _models(assistant, caller):
        if model["id"] == fields["id"]:
            return json_reply(model)
    raise no_model(fields["id"])


async def _models(assistant: Assistant, caller: Caller) -> list[dict[str, Any]]:
    """The default agent, and those of the account; a key of an app has its own only, under the default's name."""
    found = [_model(DEFAULT, 0)]
    if caller.app is None:
        page, _ = await assistant.agents.list(caller.account, limit=MOST)
        found += [_model(agent.name or agent.id, int(agent.created_at.timestamp())) for agent in page.rows]
    return found


def _model(id: str, created: int) -> dict[str, Any]:
    return {"id": id, "object": "model", "created": created, "owned_by": "dbmedic"}
