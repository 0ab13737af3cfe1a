"""ChatMessagesTaskStop: ends a running answer; what was said until then is kept."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.assistant import Assistant

NAME = "ChatMessagesTaskStop"


def parse(fields: Fields) -> str:
    return fields.required("TaskId")


async def run(assistant: Assistant, task: str, asked: Asked) -> Answer:
    """A task that has ended is stopped already."""
    if not await assistant.turns.stop(task, asked.caller):
        await assistant.conversations.own_run(task, asked.caller)
    return {"Result": "success"}
