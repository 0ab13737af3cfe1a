"""`POST /text-to-audio`: the app does not speak, and says so; `/parameters` says it beforehand."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/text-to-audio", user="body")


def parse(_: Asked) -> None:
    """No field matters."""


async def run(assistant: Assistant, _: None, caller: Caller) -> Reply:  # noqa: ARG001 - as every operation
    raise invalid("TTS is not enabled")
