"""`GET /form/human_input/{token}`: what a person is asked to decide.  No turn asks yet, so no token is known."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/form/human_input/{form_token}")


def parse(asked: Asked) -> str:
    """The token of the form."""
    return asked.path["form_token"]


async def run(assistant: Assistant, token: str, caller: Caller) -> Reply:  # noqa: ARG001 - as every operation
    raise NotFound("form", token)
