"""ListSkill: own skills, newest first, then the built-in ones."""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.shapes import LANGUAGES, skill
from dbmedic.api.rdsai.wire import page
from dbmedic.assistant import Assistant

NAME = "ListSkill"


class Request(Struct, frozen=True):
    number: int
    size: int
    words: str
    scope: str


def parse(fields: Fields) -> Request:
    fields.choice("Language", LANGUAGES, "")
    number, size = page(fields, 20)
    scope = fields.choice("Scope", ("all", "private", "system"), "all")
    return Request(number, size, fields.text("Query") or "", scope)


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    found = await assistant.skills.list(asked.caller.account, scope=request.scope, words=request.words)
    start = (request.number - 1) * request.size
    rows = [skill(one) for one in found[start : start + request.size]]
    return {"Data": rows, "PageNumber": request.number, "PageSize": request.size, "TotalCount": len(found)}
