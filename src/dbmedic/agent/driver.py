"""Carries a turn's commands out and says each event: the only loop.

What to do is decided in `turn.py`; this file only does it: asks the model, runs tools side by side.  Cancelling the
loop (a stop, a shutdown) keeps the text said so far as `Answered`; whoever cancelled drives on to close the turn.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import anyio
import structlog
from msgspec.structs import replace

from dbmedic.agent.approval import refusal
from dbmedic.agent.tool import Context, Tool
from dbmedic.agent.turn import CallModel, Close, Command, Refuse, RequestApproval, RunTool, Turn, todo, unknown
from dbmedic.core.errors import Failure, ModelDown
from dbmedic.core.events import (
    AnswerDelta,
    Answered,
    Event,
    ModelCalled,
    ModelFailed,
    ModelReplied,
    Thought,
    ThoughtDelta,
    ToolCalled,
    ToolReturned,
    TurnClosed,
)
from dbmedic.core.ports import Model, ModelRequest
from dbmedic.core.values import NO_USAGE, Call, Proposal, Reasoning, Rests, Text, Usage

logger = structlog.get_logger("dbmedic.driver")

_NO_RESTS = Rests(())
UNKNOWN = "outcome unknown: the change was granted and may have run; look before anything is repeated"


class Log(Protocol):
    """The log of one turn: says an event to the store and to whoever follows, and folds it into `turn`."""

    turn: Turn

    async def say(self, event: Event) -> None: ...

    async def kept(self) -> None:
        """Returns once all that was said is durable; raises `OutsideFailed` when it cannot be kept."""


class Hands(NamedTuple):
    """What a driver works with."""

    model: Model
    tools: Mapping[str, Tool]
    request: Callable[[int], ModelRequest]
    """The request for reply number n."""
    context: Callable[[str], Context]
    """The context of a call."""
    asking: Callable[[ToolCalled, int, Proposal], Awaitable[Sequence[Event]]]
    """What a proposed change leads to: the request for an approval, and a decision when a rule has made it."""
    instead: tuple[Model, ...] = ()
    """Who replies when the model fails before it said a word, one after the other."""
    over: Callable[[Turn], str | None] = lambda _: None
    """Why the model under way may not be asked again; None when it may."""
    refused: Callable[[ToolCalled], str | None] = lambda _: None
    """Why a call is not carried out; None when it is."""
    first: Model | None = None
    """Who makes the first calls of the turn, before the model; None: the model does."""


async def drive(log: Log, hands: Hands) -> None:
    """Does what is to do until nothing is left, or until a person must speak first."""
    while commands := todo(log.turn):
        if len(commands) == 1:
            await carry_out(commands[0], log, hands)
        else:
            async with anyio.create_task_group() as tasks:
                for command in commands:
                    tasks.start_soon(carry_out, command, log, hands)


async def carry_out(command: Command, log: Log, hands: Hands) -> None:
    match command:
        case CallModel(reply=reply):
            await call_model(reply, log, hands)
        case RunTool(call=call):
            bounded = log.turn.given_up < len(hands.instead)  # the last one in the chain sets its own bounds
            if bounded and (why := hands.refused(call)) is not None:
                await log.say(ToolReturned(call=call.call, ok=False, content=why))
                return
            if call.writes:
                await log.kept()  # a crash from here on finds that it was granted, and does not repeat it
            await log.say(await run_tool(call, hands))
        case RequestApproval(call=call, round=number):
            for event in await propose(call, number, hands):
                await log.say(event)
        case Refuse(decided=decided):
            await log.say(ToolReturned(call=decided.call, ok=False, content=refusal(decided)))
        case Close():
            await close(command, log)


async def close(command: Close, log: Log) -> None:
    """Ends a turn; what was under way is said to have ended with it.

    Of a change that was granted and may have run nobody knows the outcome; it is not repeated.
    """
    doubtful = unknown(log.turn)
    for call in log.turn.open:
        content = UNKNOWN if call.call in doubtful else command.reason
        await log.say(ToolReturned(call=call.call, ok=False, content=content))
    if log.turn.saying:
        await log.say(Answered(reply=log.turn.replies, text=log.turn.saying))
    await log.say(TurnClosed(reason=command.reason, usage=log.turn.usage))


async def call_model(reply: int, log: Log, hands: Hands) -> None:
    """One reply of the model: text as it comes, then the tools it asks for.

    A model that fails before it said a word, or that may not be asked again, leaves the reply to the next one.
    """
    given_up = log.turn.given_up
    model = hands.instead[min(given_up, len(hands.instead)) - 1] if given_up and hands.instead else hands.model
    if reply == 1 and hands.first is not None:
        model = hands.first
    another = given_up < len(hands.instead)
    if another and (why := hands.over(log.turn)) is not None:
        await log.say(ModelFailed(reply=reply, model=model.name, code="budget", sentence=why, will_retry=True))
        return
    await log.say(ModelCalled(reply=reply, model=model.name))
    started = time.monotonic()
    answer: list[str] = []
    thought: list[str] = []
    calls: list[Call] = []
    usage, rests, first, down = NO_USAGE, _NO_RESTS, None, None
    try:
        async for piece in model.reply(hands.request(reply)):
            match piece:
                case Text(text=text):
                    if first is None:
                        first = time.monotonic() - started
                    answer.append(text)
                    await log.say(AnswerDelta(reply, text))
                case Reasoning(text=text):
                    thought.append(text)
                    await log.say(ThoughtDelta(reply, text))
                case Call():
                    calls.append(piece)
                case Usage():
                    usage = usage + piece
                case Rests():
                    rests = piece
    except ModelDown as error:
        down = error
        calls.clear()
    finally:
        # Also when cancelled: saying does not wait here, so what was said is kept before the loop unwinds.
        if thought:
            await log.say(Thought(reply=reply, text="".join(thought)))
        if answer or not (calls or down):
            await log.say(Answered(reply=reply, text="".join(answer), rests_on=rests.on, final=not calls))
    if down is not None:
        again = another and not answer
        await log.say(ModelFailed(reply=reply, model=model.name, code=down.code, sentence=str(down), will_retry=again))
        return
    took = time.monotonic() - started
    first = first if usage.first_token_s is None else usage.first_token_s
    usage = replace(usage, latency_s=took, first_token_s=first)
    await log.say(ModelReplied(reply=reply, model=model.name, usage=usage, took_s=took))
    for call in calls:
        known = hands.tools.get(call.tool)
        writes = known is not None and known.spec.writes
        await log.say(ToolCalled(call=call.id, tool=call.tool, args=call.args, reply=reply, writes=writes))


async def propose(called: ToolCalled, number: int, hands: Hands) -> Sequence[Event]:
    """What comes of a call that wants to change something; a proposal that fails is something the model can read."""
    try:
        proposal = await hands.tools[called.tool].proposal(hands.context(called.call), called.args)
        return await hands.asking(called, number, proposal)
    except Failure as failure:
        content = f"{failure.code}: {failure}"
    except Exception as fault:
        logger.exception("tool failed", tool=called.tool, call=called.call)
        content = f"bug: {called.tool} failed ({type(fault).__name__})"
    return (ToolReturned(call=called.call, ok=False, content=content),)


async def run_tool(called: ToolCalled, hands: Hands) -> ToolReturned:
    """Runs one tool; whatever goes wrong becomes something the model can read."""
    started = time.monotonic()
    tool = hands.tools.get(called.tool)
    if tool is None:
        known = ", ".join(hands.tools)
        return ToolReturned(call=called.call, ok=False, content=f"There is no tool {called.tool!r}; tools: {known}.")
    try:
        content, ok = await tool(hands.context(called.call), called.args), True
    except Failure as failure:
        content, ok = f"{failure.code}: {failure}", False
    except Exception as fault:
        logger.exception("tool failed", tool=called.tool, call=called.call)
        content, ok = f"bug: {called.tool} failed ({type(fault).__name__})", False
    return ToolReturned(call=called.call, ok=ok, content=content, took_s=time.monotonic() - started)
