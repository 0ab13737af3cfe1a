"""CreateSkill: a text per kind of database that agents can be taught."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.shapes import skill
from dbmedic.assistant import Assistant
from dbmedic.assistant.skills import DESCRIPTION_CHARS

NAME = "CreateSkill"


class Request(Struct, frozen=True):
    name: str
    description: str
    dbtypes: list[str]
    content: dict[str, str]


def parse(fields: Fields) -> Request:
    return Request(
        fields.required("Name"),
        fields.required("Description", limit=DESCRIPTION_CHARS),
        fields.required_texts("Dbtypes"),
        fields.object("Content") or {},
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    made = await assistant.skills.create(
        asked.caller.account,
        name=request.name,
        description=request.description,
        dbtypes=request.dbtypes,
        content=request.content,
    )
    shown = skill(made)
    del shown["UpdatedAt"]
    return shown
