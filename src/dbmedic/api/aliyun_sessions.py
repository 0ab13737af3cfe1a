"""Questions of the agents that know a conversation by a session id: PolarDB's and DAS's."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_reply import Fault
from dbmedic.api.aliyun_running import PATIENCE_S
from dbmedic.assistant import Assistant
from dbmedic.assistant.live import Running
from dbmedic.core.values import Caller, Question

QUERY_CHARS = 100_000
SOURCE_CHARS = 64
EXTRA_CHARS = 16_000

_SESSION = re.compile(r"[A-Za-z0-9_-]{1,128}")


def session_id(fields: Fields) -> str | None:
    """The session that is named; None for a new one.  Raises `Fault`."""
    text = fields.text("SessionId")
    if text is not None and not _SESSION.fullmatch(text):
        raise Fault(
            "InvalidParameter",
            "The provided parameter is invalid: SessionId has 1 to 128 letters, digits, hyphens and underscores.",
        )
    return text


def json_object(fields: Fields, name: str) -> dict[str, Any]:
    """An object that comes as JSON text; empty where it is absent or blank.  Raises `Fault`."""
    text = fields.text(name, limit=EXTRA_CHARS)
    if text is None:
        return {}
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Fault("InvalidParameter", f"The provided parameter is invalid: {name} must be a JSON object as text.")
    return found


async def ask(
    assistant: Assistant,
    caller: Caller,
    *,
    api: str,
    session: str | None,
    text: str,
    inputs: dict[str, Any],
    agent: str | None = None,
    instance: str | None = None,
    message: str | None = None,
) -> tuple[Running, str]:
    """Asks in a session, which begins with the first question, and says what the client knows the session by.

    `message` is the id that the client gave its message; a session takes each once.
    """
    conversation = None
    if session is not None:
        conversation = await assistant.sessions.begin(session, caller, api=api)
        if message is not None:
            await assistant.sessions.first_time(conversation, message)
    question = Question(
        text=text,
        caller=caller,
        api=api,
        conversation=conversation,
        instance=instance,
        agent=agent,
        inputs=inputs,
    )
    try:
        running = await assistant.turns.ask(question, begins=conversation is not None, patience_s=PATIENCE_S)
    except BaseException:
        if conversation is not None and message is not None:
            await assistant.sessions.forget(conversation, message)
        raise
    return running, session or running.conversation
