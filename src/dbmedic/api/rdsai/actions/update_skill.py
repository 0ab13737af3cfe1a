"""UpdateSkill: changes what is given."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.shapes import skill
from dbmedic.assistant import Assistant
from dbmedic.assistant.skills import DESCRIPTION_CHARS

NAME = "UpdateSkill"


class Request(Struct, frozen=True):
    id: str
    name: str | None
    description: str | None
    dbtypes: list[str] | None
    content: dict[str, str] | None


def parse(fields: Fields) -> Request:
    return Request(
        fields.required("SkillId"),
        fields.text("Name"),
        fields.text("Description", limit=DESCRIPTION_CHARS),
        fields.texts("Dbtypes"),
        fields.object("Content"),
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    changed = await assistant.skills.update(
        request.id,
        asked.caller.account,
        name=request.name,
        description=request.description,
        dbtypes=request.dbtypes,
        content=request.content,
    )
    shown = skill(changed)
    del shown["CreatedAt"]
    return shown
