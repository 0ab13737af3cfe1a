"""`ask`: a whole question in the asker's own words, answered as every API answers it; it changes nothing."""

from __future__ import annotations

from typing import Annotated, Any, Final

import mcp_types as types
import msgspec
from msgspec import Meta, Struct

from dbmedic.assistant import Assistant
from dbmedic.assistant.calls import API
from dbmedic.core.errors import BadField
from dbmedic.core.events import Answered, TurnClosed, TurnFailed
from dbmedic.core.values import Caller, Question

ASK: Final = "ask"


class AskArgs(Struct, forbid_unknown_fields=True, kw_only=True):
    """Arguments of `ask`."""

    question: Annotated[str, Meta(min_length=1, max_length=20_000)]
    instance: Annotated[str, Meta(max_length=100)] | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None


def tool() -> types.Tool:
    texts = {
        "question": "What you want to know, in your own words and language; a plan or a log may be pasted into it.",
        "instance": "Id of the instance, where the question does not name it.",
        "language": "Language of the answer as a BCP 47 tag; the question's where left out.",
    }
    return types.Tool(
        name=ASK,
        description="Ask dbmedic a whole question about a database: it measures, finds the cause and answers with the "
        "numbers.  It proposes statements and runs none that changes something.",
        input_schema={
            "type": "object",
            "properties": {name: {"type": "string", "description": words} for name, words in texts.items()},
            "required": ["question"],
            "additionalProperties": False,
        },
        annotations=types.ToolAnnotations(
            title="Ask", read_only_hint=True, destructive_hint=False, open_world_hint=False
        ),
    )


async def answered(
    assistant: Assistant, caller: Caller, args: dict[str, Any], agent: str | None
) -> tuple[str, bool, str]:
    """The answer, whether there is one, and the id of the turn.  Raises `BadField`, and as `Turns.ask`."""
    try:
        asked = msgspec.convert(args, AskArgs, strict=False)
    except msgspec.ValidationError as problem:
        raise BadField("arguments", f"{ASK}: {problem}") from None
    question = Question(
        text=asked.question,
        caller=caller,
        api=API,
        instance=asked.instance,
        language=asked.language,
        agent=agent,
        approval="read_only",
    )
    running = await assistant.turns.ask(question)
    await running.closed.wait()
    text, ok = "", True
    for entry in running.entries:
        match entry.event:
            case Answered(text=said):
                text += said
            case TurnFailed(code=code, sentence=sentence):
                text, ok = f"{text}\n{code}: {sentence}".strip(), False
            case TurnClosed(reason=reason):
                ok = ok and reason in ("done", "limit")
            case _:
                pass
    return text or "There is no answer.", ok and bool(text), running.id
