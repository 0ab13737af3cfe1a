"""GetCustomAgent: the newest version of an agent."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.shapes import agent, with_dates
from dbmedic.assistant import Assistant

NAME = "GetCustomAgent"


def parse(fields: Fields) -> str:
    return fields.required("CustomAgentId")


async def run(assistant: Assistant, id: str, asked: Asked) -> Answer:
    found = await assistant.agents.get(id, asked.caller.account)
    return with_dates(agent(found), found)
