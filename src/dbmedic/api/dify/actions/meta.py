"""`GET /meta`: an icon for each tool, which clients show beside its steps."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, json_reply
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/meta")
ICON = {"background": "#E8F1FB", "content": "\N{STETHOSCOPE}"}


def parse(_: Asked) -> None:
    """There are no fields."""


async def run(assistant: Assistant, _: None, caller: Caller) -> Reply:  # noqa: ARG001 - every operation has one
    return json_reply({"tool_icons": {tool.name: ICON for tool in assistant.turns.tools}})
