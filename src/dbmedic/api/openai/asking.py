"""From messages to a question: what both operations that answer share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from dbmedic.api.openai.wire import Fault, wrong
from dbmedic.assistant import Assistant
from dbmedic.assistant.agents import MOST
from dbmedic.core.errors import Forbidden
from dbmedic.core.values import Caller, Exchange, Question

API: Final = "openai"
DEFAULT: Final = "dbmedic"
"""The model that is the default agent."""
MESSAGES: Final = 2000


class Said(NamedTuple):
    """A message of a client's transcript."""

    role: str
    text: str


class Transcript(NamedTuple):
    """A client's own account of a conversation, split where the new question begins."""

    instructions: str
    earlier: tuple[Said, ...]
    """Of user and assistant, oldest first."""
    question: str


def transcript(messages: Any, param: str, instructions: str = "") -> Transcript:
    """Raises `Fault` 400 for what cannot be read."""
    if not isinstance(messages, list) or not messages:
        wrong(param, "expected an array with at least one message")
    if len(messages) > MESSAGES:
        wrong(param, f"at most {MESSAGES} messages")
    said = [_said(message, f"{param}[{number}]") for number, message in enumerate(messages)]
    wishes = [one.text for one in said if one.role in ("system", "developer")]
    talk = [one for one in said if one.role in ("user", "assistant") and one.text]
    if not talk or talk[-1].role != "user":
        wrong(param, "the last message must be the user's, and have a text")
    return Transcript("\n\n".join(filter(None, [instructions, *wishes])), tuple(talk[:-1]), talk[-1].text)


def _said(message: Any, where: str) -> Said:
    if not isinstance(message, dict):
        wrong(where, "expected an object")
    role = message.get("role", "user")
    if role not in ("system", "developer", "user", "assistant", "tool", "function"):
        wrong(f"{where}.role", f"unknown role {role!r}")
    return Said(role, _text(message.get("content"), f"{where}.content"))


def _text(content: Any, where: str) -> str:
    """The texts of a message; a part that is none is refused rather than overlooked."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        wrong(where, "expected a string or an array of parts")
    parts = []
    for part in content:
        if isinstance(part, dict) and part.get("type") in ("text", "input_text", "output_text", "refusal"):
            parts.append(str(part.get("text") or part.get("refusal") or ""))
        else:
            kind = part.get("type") if isinstance(part, dict) else type(part).__name__
            raise Fault(
                400,
                f"Content of type {kind!r} is not read on this API; send text (a plan, a log or a file's text).",
                param=where,
                code="unsupported_content_type",
            )
    return "\n".join(parts)


def exchanges(earlier: Sequence[Said]) -> tuple[Exchange, ...]:
    """Questions with their answers; what the client sent one-sided stays so."""
    found: list[Exchange] = []
    for one in earlier:
        if one.role == "user":
            found.append(Exchange(question=one.text, answer=""))
        elif found:
            found[-1] = msgspec.structs.replace(found[-1], answer=found[-1].answer + one.text)
    return tuple(found)


def fingerprint(model: str, talk: Sequence[Said]) -> str:
    """By which a client's transcript is known again as one of our conversations."""
    return "talk-" + hashlib.sha256(msgspec.json.encode([model, talk])).hexdigest()


async def question(
    assistant: Assistant,
    caller: Caller,
    model: str,
    talk: Transcript,
    *,
    conversation: str | None = None,
    thinking: str | None = None,
) -> Question:
    """The question; a transcript that we answered so far goes on in its conversation.

    Raises `Fault` 404 for a model that the key may not use.
    """
    if conversation is None and talk.earlier:
        conversation = await assistant.sessions.find(fingerprint(model, talk.earlier), caller, api=API)
    return Question(
        text=talk.question,
        caller=caller,
        api=API,
        conversation=conversation,
        agent=await agent_of(assistant, caller, model),
        thinking=thinking,
        instructions=talk.instructions,
        earlier=() if conversation else exchanges(talk.earlier),
    )


async def agent_of(assistant: Assistant, caller: Caller, model: str) -> str | None:
    """How a question names the agent that a model is: an id, a name, or None for the default one.

    The default one of an app is what it published last.
    """
    if model == DEFAULT:
        version = await assistant.published.newest(caller) if caller.app is not None else None
        return version.agent if version is not None else caller.app
    if caller.app is None:
        page, _ = await assistant.agents.list(caller.account, limit=MOST)
        for agent in page.rows:
            if model in (agent.id, agent.name):
                return agent.reference
    raise no_model(model)


def no_model(model: str) -> Fault:
    return Fault(
        404,
        f"The model `{model}` does not exist or you do not have access to it; GET /v1/models lists those that do.",
        param="model",
        code="model_not_found",
    )


def model_of(fields: dict[str, Any]) -> str:
    """The field `model`; raises `Fault` 400."""
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        raise Fault(400, "you must provide a model parameter", param="model")
    return model


def no_tools_of_yours(fields: dict[str, Any]) -> None:
    """Tools of the client are not called; one that must be is an error, offered ones are not."""
    choice = fields.get("tool_choice")
    if choice not in (None, "auto", "none"):
        raise Fault(
            400,
            "tool_choice: dbmedic calls its own tools only; leave it out, or send 'auto' or 'none'.",
            param="tool_choice",
            code="unsupported_value",
        )


async def signed_in(assistant: Assistant, headers: Any, user: str | None) -> Caller:
    """Who calls.  Raises `NotSignedIn`, and `Fault` 401 without a key."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Fault(
            401, "You didn't provide an API key: send it as `Authorization: Bearer KEY`.", code="invalid_api_key"
        )
    caller = await assistant.keys.sign_in(secret.strip())
    if caller.app is not None:
        caller = msgspec.structs.replace(caller, end_user=user or "openai")
    if "ask" not in caller.rights:
        raise Forbidden(f"key {caller.key} lacks the right to ask")
    return caller
