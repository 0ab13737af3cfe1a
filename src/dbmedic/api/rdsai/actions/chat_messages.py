"""ChatMessages: asks, and answers with a stream of events or with one object."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC
from typing import Any, cast

from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.aliyun_reply import Fault
from dbmedic.api.aliyun_running import PATIENCE_S, told
from dbmedic.api.rdsai.projection import EventMode, Frame, Projection
from dbmedic.api.rdsai.whole import whole
from dbmedic.assistant import Assistant
from dbmedic.assistant.live import Running
from dbmedic.core.errors import NotFound
from dbmedic.core.events import Entry, TurnOpened, TurnResumed
from dbmedic.core.values import ApprovalMode, Caller, Question
from dbmedic.kit.units import zone_of

NAME = "ChatMessages"
QUERY_CHARS = 100_000
ZONE = "Asia/Shanghai"
"""Of times in an answer, where the request names none."""
EFFORTS = ("low", "medium", "high")
APPROVALS: tuple[ApprovalMode, ...] = ("read_only", "manual", "auto")
FIRST_APPROVAL: ApprovalMode = "read_only"
"""Of a conversation that never set one."""
KEPT = ("RegionId", "Timezone", "Language")
"""Inputs that the history keeps as they came."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}")


class Request(Struct, frozen=True, kw_only=True):
    query: str
    conversation: str | None
    parent: str | None
    mode: EventMode
    language: str | None
    zone: str
    agent: str | None
    model: str | None
    thinking: str | None
    approval: ApprovalMode | None
    resume: str | None
    inputs: dict[str, Any]


def parse(fields: Fields) -> Request:
    """Raises `Fault` for the first parameter that is wrong."""
    inputs = fields.fields("Inputs")
    resume = inputs.text("ResumeCallId")
    query = fields.text("Query", limit=QUERY_CHARS) if resume else fields.required("Query", limit=QUERY_CHARS)
    if fields.array("Files"):
        raise Fault("InvalidParameter", "The provided parameter is invalid: Files names a file that was not uploaded.")
    approval = inputs.choice("ToolApprovalMode", APPROVALS, "")
    kept = {name: text for name in KEPT if (text := inputs.text(name)) is not None}
    return Request(
        query=query or "",
        conversation=fields.text("ConversationId"),
        parent=fields.text("ParentMessageId"),
        mode=cast("EventMode", fields.choice("EventMode", ("inline", "separate"), "inline")),
        language=_language(inputs),
        zone=_zone(inputs),
        agent=inputs.text("CustomAgentId"),
        model=inputs.text("ModelId"),
        thinking=_thinking(inputs),
        approval=cast("ApprovalMode", approval) if approval else None,
        resume=resume,
        inputs=kept,
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    if request.resume is not None:
        return await _resumed(assistant, request, request.resume, asked)
    agent = None
    if request.agent is not None:
        agent = (await assistant.agents.get(request.agent, asked.caller.account)).reference
    if request.model is not None and request.model not in assistant.turns.models:
        raise Fault("InvalidParameter", "The provided parameter is invalid: Inputs.ModelId is not one of GetChatModel.")
    question = Question(
        text=request.query,
        caller=asked.caller,
        api="rdsai",
        conversation=request.conversation,
        parent=request.parent,
        agent=agent,
        model=request.model,
        thinking=request.thinking,
        language=request.language,
        zone=request.zone,
        approval=request.approval or await _stored_approval(assistant, request.conversation, asked.caller),
        inputs=request.inputs,
    )
    return await _told(await assistant.turns.ask(question, patience_s=PATIENCE_S), request, asked)


async def _resumed(assistant: Assistant, request: Request, call: str, asked: Asked) -> Answer:
    """Goes on with the turn whose round of approvals has this call, once the whole round is decided."""
    approval = await assistant.approvals.get(call, asked.caller, kind="call")
    if approval.owner != asked.caller.owner or approval.conversation != request.conversation:
        raise NotFound("call", call)
    if pending := await assistant.approvals.undecided(approval.turn):
        raise Fault("InvalidParameter", f"The provided parameter is invalid: not decided yet: {', '.join(pending)}.")
    running = await assistant.turns.resume(approval.turn, asked.caller.key)
    since = next(entry.seq for entry in reversed(running.entries) if isinstance(entry.event, TurnResumed))
    return await _told(running, request, asked, since)


async def _told(running: Running, request: Request, asked: Asked, since: int = 0) -> Answer:
    def folded(entries: Sequence[Entry]) -> Frame:
        return whole(entries, request.mode, asked.request_id).frame()

    def broken(fault: Fault) -> Frame:
        return Frame(event="error", answer=fault.message, description=fault.code, request_id=asked.request_id)

    return await told(running, asked, Projection(request.mode, asked.request_id), folded, broken, since=since)


async def _stored_approval(assistant: Assistant, conversation: str | None, caller: Caller) -> ApprovalMode:
    """The mode that the conversation had last."""
    if conversation is not None:
        page = await assistant.conversations.messages(conversation, caller, limit=1)
        opened = page.rows[-1][0].event if page.rows else None
        if isinstance(opened, TurnOpened) and opened.question.api == "rdsai":
            return opened.question.approval
    return FIRST_APPROVAL


def _language(inputs: Fields) -> str | None:
    text = inputs.text("Language", limit=64)
    if text is not None and not _LANGUAGE.fullmatch(text):
        raise Fault("InvalidParameter", "The provided parameter is invalid: Inputs.Language is not a language tag.")
    return text


def _zone(inputs: Fields) -> str:
    text = inputs.text("Timezone", limit=64) or ZONE
    if zone_of(text) is UTC:
        raise Fault("InvalidParameter", "The provided parameter is invalid: Inputs.Timezone is not an IANA time zone.")
    return text


def _thinking(inputs: Fields) -> str | None:
    """ "off", or how hard to think; None leaves it to the model."""
    effort = inputs.choice("ThinkEffort", EFFORTS, "")
    enabled = inputs.boolean("EnableThinking")
    if enabled is False:
        return "off"
    return effort or ("on" if enabled else None)
