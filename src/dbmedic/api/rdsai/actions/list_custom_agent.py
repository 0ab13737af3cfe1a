"""ListCustomAgent: the account's agents, newest first, without their skills."""

from __future__ import annotations

from typing import Any

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.shapes import agent, with_dates
from dbmedic.api.rdsai.wire import page
from dbmedic.assistant import Assistant

NAME = "ListCustomAgent"


def parse(fields: Fields) -> tuple[int, int]:
    return page(fields, 10)


async def run(assistant: Assistant, request: tuple[int, int], asked: Asked) -> Answer:
    number, size = request
    found, total = await assistant.agents.list(asked.caller.account, skip=(number - 1) * size, limit=size)
    rows: list[dict[str, Any]] = []
    for one in found.rows:
        row = with_dates(agent(one), one)
        del row["Skills"]
        rows.append(row)
    return {"Data": rows, "PageNumber": number, "PageSize": size, "TotalCount": total, "Skills": []}
