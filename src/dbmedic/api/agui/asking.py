"""A `RunAgentInput`: what is asked, or how what a run waited for was decided.  Pure.

Tools and state of the client are its own: dbmedic calls its own tools only.
https://docs.ag-ui.com/sdk/js/core/types
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from dbmedic.core.errors import BadField
from dbmedic.core.values import Exchange

MESSAGES: Final = 2000
ID_CHARS: Final = 200
COMMENT_CHARS: Final = 2000
ROLES: Final = ("developer", "system", "assistant", "user", "tool", "activity", "reasoning")


class Decision(Struct, frozen=True):
    """The answer to one interrupt; `granted` is None for one that was abandoned."""

    interrupt: str
    granted: bool | None
    comment: str = ""


class Asked(Struct, frozen=True, kw_only=True):
    thread: str
    run: str
    question: str = ""
    earlier: tuple[Exchange, ...] = ()
    """The conversation as the client tells it."""
    instructions: str = ""
    instance: str | None = None
    language: str | None = None
    resume: tuple[Decision, ...] = ()


def asked(fields: dict[str, Any]) -> Asked:
    """Raises `BadField` naming the field as the client calls it."""
    thread, run = _id(fields, "threadId"), _id(fields, "runId")
    resume = fields.get("resume")
    if resume:
        return Asked(thread=thread, run=run, resume=_decisions(resume))
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages or len(messages) > MESSAGES:
        raise BadField("messages", f"messages: 1 to {MESSAGES} of them, the last one the user's")
    talk: list[tuple[str, str]] = []
    wishes = [_context(one, number) for number, one in enumerate(_list(fields, "context"))]
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ROLES:
            raise BadField(where, f"{where}: a message with one of the roles {', '.join(ROLES)}")
        if role in ("system", "developer"):
            wishes.append(_text(message.get("content"), where))
        elif role in ("user", "assistant") and (text := _text(message.get("content"), where)):
            talk.append((role, text))
    if not talk or talk[-1][0] != "user":
        raise BadField("messages", "messages: the last one is the user's, with a text")
    props = fields.get("forwardedProps")
    props = props if isinstance(props, dict) else {}
    return Asked(
        thread=thread,
        run=run,
        question=talk[-1][1],
        earlier=_exchanges(talk[:-1]),
        instructions="\n\n".join(filter(None, wishes)),
        instance=_optional(props, "instance"),
        language=_optional(props, "language"),
    )


def _id(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > ID_CHARS:
        raise BadField(name, f"{name}: a text of 1 to {ID_CHARS} characters")
    return value


def _optional(props: dict[str, Any], name: str) -> str | None:
    value = props.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > ID_CHARS):
        raise BadField(f"forwardedProps.{name}", f"forwardedProps.{name}: a text of at most {ID_CHARS} characters")
    return value or None


def _list(fields: dict[str, Any], name: str) -> list[Any]:
    value = fields.get(name) or []
    if not isinstance(value, list) or len(value) > MESSAGES:
        raise BadField(name, f"{name}: a list of at most {MESSAGES}")
    return value


def _context(one: Any, number: int) -> str:
    """What the application says of itself."""
    if not isinstance(one, dict):
        raise BadField(f"context[{number}]", f"context[{number}]: an object with description and value")
    return f"{one.get('description') or ''}: {one.get('value') or ''}"


def _text(content: Any, where: str) -> str:
    """The texts of a message; a part that is none is refused rather than overlooked."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    if len(texts) != len(parts) or not all(isinstance(text, str) for text in texts):
        raise BadField(where, f"{where}: only text is read here; send a plan, a log or a file as text")
    return "\n".join(map(str, texts))


def _exchanges(talk: list[tuple[str, str]]) -> tuple[Exchange, ...]:
    """Questions with their answers."""
    found: list[Exchange] = []
    for role, text in talk:
        if role == "user":
            found.append(Exchange(question=text, answer=""))
        elif found:
            found[-1] = Exchange(question=found[-1].question, answer=found[-1].answer + text)
    return tuple(found)


def _decisions(resume: Any) -> tuple[Decision, ...]:
    if not isinstance(resume, list) or len(resume) > MESSAGES:
        raise BadField("resume", "resume: a list with an entry for each interrupt")
    found = []
    for number, one in enumerate(resume):
        where = f"resume[{number}]"
        if not isinstance(one, dict) or one.get("status") not in ("resolved", "cancelled"):
            raise BadField(where, f"{where}: interruptId, status (resolved, cancelled) and payload")
        id = _id({where: one.get("interruptId")}, where)
        if one["status"] == "cancelled":
            found.append(Decision(id, None))
            continue
        payload = one.get("payload")
        approved = payload.get("approved") if isinstance(payload, dict) else payload
        comment = payload.get("comment") or "" if isinstance(payload, dict) else ""
        if not isinstance(approved, bool) or not isinstance(comment, str) or len(comment) > COMMENT_CHARS:
            raise BadField(where, f'{where}: payload is {{"approved": true or false, "comment": "…"}}')
        found.append(Decision(id, approved, comment))
    return tuple(found)
