"""DeleteCustomAgent: nobody can select it any more."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.assistant import Assistant

NAME = "DeleteCustomAgent"


def parse(fields: Fields) -> str:
    return fields.required("CustomAgentId")


async def run(assistant: Assistant, id: str, asked: Asked) -> Answer:
    await assistant.agents.delete(id, asked.caller.account)
    return {"Result": "success"}
