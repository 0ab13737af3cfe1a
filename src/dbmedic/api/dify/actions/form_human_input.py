"""`GET /form/human_input/{token}`: what a person is asked to decide."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route
from dbmedic.api.dify.deciding import open_form
from dbmedic.api.dify.frames import Action
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/form/human_input/{form_token}")
_HEADERS = ((b"content-type", b"application/json; charset=utf-8"),)


class Answer(Struct, frozen=True, kw_only=True):
    form_content: str
    inputs: list[Any]
    resolved_default_values: dict[str, str]
    user_actions: list[Action]
    expiration_time: int


def parse(asked: Asked) -> str:
    """The token of the form."""
    return asked.path["form_token"]


async def run(assistant: Assistant, token: str, caller: Caller) -> Reply:
    approval, form = await open_form(assistant, token, caller)
    answer = Answer(
        form_content=form.form_content,
        inputs=form.inputs,
        resolved_default_values=form.resolved_default_values,
        user_actions=form.actions,
        expiration_time=int(approval.request.until.timestamp()),
    )
    return Reply(200, msgspec.json.encode(answer), _HEADERS)
