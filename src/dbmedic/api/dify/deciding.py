"""A form that somebody wants to read or submit: whether it is there, and can still be decided."""

from __future__ import annotations

from datetime import UTC, datetime

from dbmedic.api.dify.forms import needed
from dbmedic.api.dify.frames import FormNeeded
from dbmedic.api.dify.wire import Fault
from dbmedic.assistant import Assistant
from dbmedic.assistant.approvals import Approval
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller


async def open_form(assistant: Assistant, token: str, caller: Caller) -> tuple[Approval, FormNeeded]:
    """A form of the caller's app that can still be decided.  Raises `NotFound("form")`, and `Fault` 412."""
    approval = await assistant.approvals.get(token, caller, kind="form")
    if approval.owner.rpartition(":")[0] != caller.owner.rpartition(":")[0]:
        raise NotFound("form", token)
    if approval.status == "expired" or approval.request.until <= datetime.now(UTC):
        raise Fault(412, "human_input_form_expired", f"This form has expired: {token}")
    if approval.status != "pending":
        raise submitted(token)
    return approval, needed(approval.request, approval.turn)


def submitted(token: str) -> Fault:
    """The answer to a second submission."""
    return Fault(412, "human_input_form_submitted", f"This form was submitted already: {token}")
