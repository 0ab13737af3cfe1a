"""`POST /audio-to-text`: the app does not listen, and says so; `/parameters` says it beforehand."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.wire import Fault
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/audio-to-text", user="query")


def parse(_: Asked) -> None:
    """No field matters."""


async def run(assistant: Assistant, _: None, caller: Caller) -> Reply:  # noqa: ARG001 - as every operation
    raise Fault(400, "speech_to_text_disabled", "Speech to text is disabled.")
