"""GetSkill: one skill, own or built in."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.shapes import LANGUAGES, skill
from dbmedic.assistant import Assistant

NAME = "GetSkill"


def parse(fields: Fields) -> str:
    """Built-in skills are the same in every language."""
    fields.choice("Language", LANGUAGES, "")
    return fields.required("SkillId")


async def run(assistant: Assistant, id: str, asked: Asked) -> Answer:
    return skill(await assistant.skills.get(id, asked.caller.account))
