"""What a model can do, found out by two small requests: does it answer, count tokens, think aloud, call tools."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import Final, NamedTuple

from dbmedic.core.errors import ModelDown
from dbmedic.core.ports import Model, ModelRequest
from dbmedic.core.values import Call, Caller, Message, Piece, Question, Reasoning, Text, ToolSpec, Usage

NOBODY: Final = Caller(account="", user="", key="")
PING: Final = ToolSpec(
    name="ping",
    description="Tests that tools can be called.",
    schema={"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
)


class Seen(NamedTuple):
    """What was seen of a model."""

    problem: str
    """Why it did not answer; empty when it did."""
    took_s: float = 0.0
    """Of the first answer."""
    text: bool = False
    counts: bool = False
    """It says how many tokens it used, so that budgets hold."""
    thinks: bool = False
    """It shows what it thinks."""
    tools: bool = False
    """It called the tool that it was asked to call."""


async def probe(model: Model) -> Seen:
    """Asks a model for a word and for a tool call.  Never raises for a model that fails."""
    started = monotonic()
    try:
        said = await _asked(model, "Answer with the one word: ready", ())
    except ModelDown as down:
        return Seen(str(down), monotonic() - started)
    took_s = monotonic() - started
    try:
        called = await _asked(model, "Call the tool ping with the word ready.  Say nothing else.", (PING,))
    except ModelDown:
        called = []
    return Seen(
        "",
        took_s,
        any(isinstance(piece, Text) for piece in said),
        any(isinstance(piece, Usage) and piece.prompt_tokens for piece in said),
        any(isinstance(piece, Reasoning) for piece in (*said, *called)),
        any(isinstance(piece, Call) and piece.tool == PING.name and "word" in piece.args for piece in called),
    )


async def _asked(model: Model, text: str, tools: tuple[ToolSpec, ...]) -> list[Piece]:
    request = ModelRequest(
        question=Question(text=text, caller=NOBODY, api="cli"),
        instances=(),
        history=(),
        events=(),
        messages=(Message(role="user", text=text),),
        tools=tools,
        reply=1,
        now=datetime.now(UTC),
    )
    return [piece async for piece in model.reply(request)]
