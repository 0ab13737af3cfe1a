"""`/v1/responses`: create, retrieve and cancel.  A response is a turn.

https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec

from dbmedic.api.http import Reply
from dbmedic.api.openai.answering import asked, kept
from dbmedic.api.openai.asking import model_of, no_tools_of_yours, question, transcript
from dbmedic.api.openai.limits import limits
from dbmedic.api.openai.responses import Events, Shape, streamed, whole
from dbmedic.api.openai.wire import HEADERS, Fault, flag, internal, json_reply, text, wrong
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.core.errors import NotFound
from dbmedic.core.events import TurnOpened
from dbmedic.core.values import Caller
from dbmedic.kit.sse import COMMENT

PREFIX = "resp_"
CLOSING_S = 5.0
"""How long a cancelled turn may take to close before it is told as it is."""
SHAPE = "OpenaiResponse"
"""Where the inputs of a question keep what its response repeats."""


async def create(assistant: Assistant, caller: Caller, fields: dict[str, Any]) -> Reply | Stream:
    """Sampling parameters are taken and not used."""
    model = model_of(fields)
    no_tools_of_yours(fields)
    given = fields.get("input")
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    instructions = text(fields, "instructions")
    talk = transcript(messages, "input", instructions or "")
    previous = text(fields, "previous_response_id")
    conversation = None if previous is None else await _conversation(assistant, caller, previous)
    metadata = fields.get("metadata") or {}
    if not isinstance(metadata, dict):
        wrong("metadata", "expected an object")
    reasoning = fields.get("reasoning") or {}
    thinking = reasoning.get("effort") if isinstance(reasoning, dict) else None
    shape = Shape(model, previous, instructions, metadata)
    put = await question(assistant, caller, model, talk, conversation=conversation, thinking=thinking)
    put = msgspec.structs.replace(put, inputs={SHAPE: msgspec.to_builtins(shape)})
    running = await asked(assistant, put, model, talk)
    if flag(fields, "stream"):
        broken = b"event: error\ndata: %b\n\n" % msgspec.json.encode(
            {"type": "error", "code": "server_error", "message": str(internal()), "param": None, "sequence_number": 0}
        )
        pieces = streamed(running.batches(), Events(shape))
        return Stream(pieces, headers=(*HEADERS, *limits(assistant, caller)), ping=COMMENT, broken=broken)
    more = limits(assistant, caller)
    await running.closed.wait()
    return json_reply(whole(kept(running), shape), more=more)


async def retrieve(assistant: Assistant, caller: Caller, fields: dict[str, Any]) -> Reply:
    """A response as it is now."""
    entries = await _entries(assistant, caller, fields["id"])
    opened = entries[0].event
    assert isinstance(opened, TurnOpened)
    kept_shape = opened.question.inputs.get(SHAPE)
    shape = msgspec.convert(kept_shape, Shape) if kept_shape else Shape("dbmedic")
    return json_reply(whole(entries, shape))


async def cancel(assistant: Assistant, caller: Caller, fields: dict[str, Any]) -> Reply:
    """Stops a turn that runs, and says how far it came; one that has ended is left as it is."""
    entries = await _entries(assistant, caller, fields["id"])
    opened = entries[0].event
    assert isinstance(opened, TurnOpened)
    if await assistant.turns.stop(opened.run, caller):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                async for _ in assistant.turns.batches(opened.turn, caller):
                    pass  # until it is closed, and all that was said is kept
    return await retrieve(assistant, caller, fields)


async def _entries(assistant: Assistant, caller: Caller, id: str) -> Any:
    try:
        return await assistant.conversations.turn(id.removeprefix(PREFIX), caller)
    except NotFound:
        raise _unknown(id) from None


async def _conversation(assistant: Assistant, caller: Caller, id: str) -> str:
    opened = (await _entries(assistant, caller, id))[0].event
    assert isinstance(opened, TurnOpened)
    return opened.conversation


def _unknown(id: str) -> Fault:
    return Fault(404, f"Response with id '{id}' not found.", code="not_found")
