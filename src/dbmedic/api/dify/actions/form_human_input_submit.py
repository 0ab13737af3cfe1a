"""`POST /form/human_input/{token}`: what the person decided.

The token alone decides nothing here: the key must have the right to approve.
"""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, text
from dbmedic.api.dify.deciding import open_form, submitted
from dbmedic.api.dify.forms import ACTIONS
from dbmedic.api.dify.wire import Fault, invalid
from dbmedic.api.http import Reply
from dbmedic.assistant import Assistant
from dbmedic.assistant.approvals import Decided
from dbmedic.core.values import Caller

ROUTE = Route("POST", "/form/human_input/{form_token}", user="body", user_required=True)
COMMENT_CHARS = 1000


class Request(Struct, frozen=True):
    token: str
    granted: bool
    comment: str


def parse(asked: Asked) -> Request:
    """Raises `Fault` 400 for an action or an input that the form does not have."""
    inputs = asked.fields.get("inputs")
    if not isinstance(inputs, dict):
        raise invalid("inputs: Input should be an object")
    action = text(asked.fields, "action", required=True)
    known = [one.id for one in ACTIONS]
    if action not in known:
        raise Fault(400, "invalid_form_data", f"action {action!r} is not one of {', '.join(known)}")
    comment = inputs.get("comment") or ""
    if not isinstance(comment, str) or len(comment) > COMMENT_CHARS:
        raise Fault(400, "invalid_form_data", f"comment must be a text of at most {COMMENT_CHARS} characters")
    return Request(asked.path["form_token"], action == ACTIONS[0].id, comment)


async def run(assistant: Assistant, request: Request, caller: Caller) -> Reply:
    approval, _ = await open_form(assistant, request.token, caller)
    try:
        await assistant.approvals.decide(approval.id, caller, granted=request.granted, comment=request.comment)
    except Decided:
        raise submitted(approval.id) from None
    await assistant.turns.sweep()
    return Reply(200, b"{}\n")
