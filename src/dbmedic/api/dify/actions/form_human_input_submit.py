"""`POST /form/human_input/{token}`: what the person decided.  No turn asks yet, so no token is known."""

from __future__ import annotations

from dbmedic.api.dify.action import Asked, Route, text
from dbmedic.api.dify.wire import invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/form/human_input/{form_token}", user="body", user_required=True)


def parse(asked: Asked) -> str:
    """The token of the form."""
    if not isinstance(asked.fields.get("inputs"), dict):
        raise invalid("inputs: Input should be an object")
    text(asked.fields, "action", required=True)
    return asked.path["form_token"]


async def run(assistant: Assistant, token: str, caller: Caller) -> Reply:  # noqa: ARG001 - as every operation
    raise NotFound("form", token)
