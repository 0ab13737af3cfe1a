"""Questions of the agents that know a conversation by a session id: PolarDB's and DAS's."""

from __future__ import annotations

from typing import Any

from dbmedic.api.aliyun_running import PATIENCE_S
from dbmedic.api.aliyun_turn import DEFAULT_AGENT
from dbmedic.assistant import Assistant
from dbmedic.assistant.live import Running
from dbmedic.core.values import Caller, Question


async def ask(
    assistant: Assistant,
    caller: Caller,
    *,
    api: str,
    session: str | None,
    text: str,
    inputs: dict[str, Any],
    agent: str = DEFAULT_AGENT,
    instance: str | None = None,
    message: str | None = None,
) -> tuple[Running, str]:
    """Asks in a session, which begins with the first question, and says what the client knows the session by.

    `message` is the id that the client gave its message; a session takes each once.  Raises `NotFound("agent")`.
    """
    reference = None if agent == DEFAULT_AGENT else (await assistant.agents.get(agent, caller.account)).reference
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
        agent=reference,
        inputs=inputs,
    )
    try:
        running = await assistant.turns.ask(question, begins=conversation is not None, patience_s=PATIENCE_S)
    except BaseException:
        if conversation is not None and message is not None:
            await assistant.sessions.forget(conversation, message)
        raise
    return running, session or running.conversation
