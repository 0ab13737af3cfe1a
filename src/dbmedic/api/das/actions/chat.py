"""Chat: asks with one message, and answers with events of the AG-UI protocol or with one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.api.aliyun_fields import Fields, json_object, session_id
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.aliyun_reply import Fault, cut
from dbmedic.api.aliyun_running import told
from dbmedic.api.aliyun_sessions import ask
from dbmedic.api.aliyun_turn import DEFAULT_AGENT
from dbmedic.api.das.chat import MESSAGE_ID, Frame, Projection, whole
from dbmedic.assistant import Assistant
from dbmedic.core.errors import NotFound
from dbmedic.core.events import Entry

NAME = "Chat"
MESSAGE_CHARS = 200_000
"""Of the JSON text; escaped characters take six."""
TEXT_CHARS = 32_000
ID_CHARS = 128
TITLE_CHARS = 200


class Request(Struct, frozen=True, kw_only=True):
    text: str
    message: str | None
    """Id that the client gave its message."""
    session: str | None
    agent: str
    summary: bool
    props: dict[str, Any]
    resume: tuple[str, ...]
    """Interrupts that are answered."""


def parse(fields: Fields) -> Request:
    """Raises `Fault` for the first parameter that is wrong."""
    resume = _resume(fields)
    text, message = _message(fields, may_be_blank=bool(resume))
    return Request(
        text=text,
        message=message,
        session=session_id(fields),
        agent=fields.text("AgentId") or DEFAULT_AGENT,
        summary=bool(fields.boolean("Summary")),
        props=json_object(fields, "ForwardedProps"),
        resume=resume,
    )


async def run(assistant: Assistant, request: Request, asked: Asked) -> Answer:
    if request.resume:
        raise NotFound("interrupt", request.resume[0])  # nothing waits for a person yet
    inputs: dict[str, Any] = {"ForwardedProps": request.props} if request.props else {}
    if request.message is not None:
        inputs[MESSAGE_ID] = request.message
    running, session = await ask(
        assistant,
        asked.caller,
        api="das",
        session=request.session,
        text=request.text,
        inputs=inputs,
        agent=request.agent,
        message=request.message,
    )
    summary = None
    if request.summary:
        first = await assistant.conversations.first_questions([running.conversation])
        summary = cut(first[running.conversation].text, TITLE_CHARS)

    def folded(entries: Sequence[Entry]) -> Frame:
        projection = Projection(session, agent=request.agent, summary=summary)
        return whole([each for entry in entries for each in projection.feed(entry)])

    def broken(fault: Fault) -> Frame:
        value = {"Code": fault.code, "Message": fault.message}
        return Frame(type="CUSTOM", run_id=running.run, thread_id=session, name="error", value=value)

    return await told(running, asked, Projection(session, agent=request.agent, summary=summary), folded, broken)


def _message(fields: Fields, *, may_be_blank: bool) -> tuple[str, str | None]:
    """The text and the id of the user's message."""
    try:
        raw = msgspec.json.decode(fields.required("Message", limit=MESSAGE_CHARS))
    except (msgspec.DecodeError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        raise _invalid("Message must be a JSON object as text")
    if raw.get("role") != "user":
        raise _invalid("Message.role must be user")
    id = raw.get("id")
    if id is not None and not (isinstance(id, str) and 0 < len(id) <= ID_CHARS and id.isprintable()):
        raise _invalid(f"Message.id must be a text of 1 to {ID_CHARS} characters")
    content = raw.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    if not all(isinstance(text, str) for text in texts):
        raise _invalid("Message.content must hold parts with a text")
    text = "\n".join(str(text) for text in texts).replace("\0", "")
    if not text.strip() and not may_be_blank:
        raise _invalid("Message.content has no text")
    if len(text) > TEXT_CHARS:
        raise _invalid(f"Message.content has {len(text)} characters, at most {TEXT_CHARS}")
    return text, id


def _resume(fields: Fields) -> tuple[str, ...]:
    """Ids of the interrupts that are answered, each with a decision."""
    text = fields.text("Resume", limit=MESSAGE_CHARS)
    if text is None:
        return ()
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise _invalid("Resume must be JSON as text") from None
    answers = raw if isinstance(raw, list) else [raw]
    for one in answers:
        if not isinstance(one, dict) or not isinstance(one.get("InterruptId"), str):
            raise _invalid("Resume must name an InterruptId")
        if one.get("Decision") not in ("approve", "reject"):
            raise _invalid("Resume.Decision must be approve or reject")
    return tuple(one["InterruptId"] for one in answers)


def _invalid(problem: str) -> Fault:
    return Fault("InvalidParameter", f"The provided parameter is invalid: {problem}.")
