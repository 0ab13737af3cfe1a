"""DeleteSkill: agents that have it go on without it."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.assistant import Assistant

NAME = "DeleteSkill"


def parse(fields: Fields) -> str:
    return fields.required("SkillId")


async def run(assistant: Assistant, id: str, asked: Asked) -> Answer:
    await assistant.skills.delete(id, asked.caller.account)
    return {"Result": "success"}
