"""Runs of AG-UI: a question begins one, the decision about what a run waited for begins the next."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from dbmedic.api.agui.asking import Asked, Decision
from dbmedic.api.agui.projection import Projection
from dbmedic.api.agui.wire import framed
from dbmedic.assistant import Assistant
from dbmedic.assistant.agents import MOST
from dbmedic.core.errors import BadField, Busy, NotFound
from dbmedic.core.events import TurnOpened
from dbmedic.core.values import Caller, Question

API: Final = "agui"
POLL_S: Final = 0.3


async def asking(assistant: Assistant, caller: Caller, asked: Asked, agent: str | None) -> AsyncIterator[bytes]:
    """The run that answers a question.  Raises as `Turns.ask`, and `NotFound("agent")`."""
    known = await assistant.sessions.find(asked.thread, caller, api=API)
    question = Question(
        text=asked.question,
        caller=caller,
        api=API,
        conversation=await assistant.sessions.begin(asked.thread, caller, api=API),
        agent=await _reference(assistant, caller, agent),
        instance=asked.instance,
        language=asked.language,
        instructions=asked.instructions,
        earlier=() if known else asked.earlier,
    )
    running = await assistant.turns.ask(question, begins=True)
    return told(assistant, caller, running.id, Projection(asked.thread, asked.run))


async def resuming(assistant: Assistant, caller: Caller, asked: Asked) -> AsyncIterator[bytes]:
    """The run that goes on after decisions, which the caller's key must be allowed to make.

    Interrupts that are all cancelled end the turn instead, which whoever asked may do without any right.
    Raises `NotFound("interrupt")` for what is not of this thread, and as `Approvals.decide`.
    """
    turn = ""
    for decision in asked.resume:
        approval = await assistant.approvals.get(decision.interrupt, caller, kind="interrupt")
        if approval.owner != caller.owner or turn not in ("", approval.turn):
            raise NotFound("interrupt", decision.interrupt)
        turn = approval.turn
        conversation = approval.conversation
    if await assistant.sessions.find(asked.thread, caller, api=API) != conversation:
        raise NotFound("interrupt", asked.resume[0].interrupt)
    entries = await assistant.conversations.turn(turn, caller)
    projection = Projection(asked.thread, asked.run, before=len(entries))
    abandoned = [one.granted is None for one in asked.resume]
    if all(abandoned):
        opened = entries[0].event
        assert isinstance(opened, TurnOpened)
        await assistant.turns.stop(opened.run, caller)
    elif any(abandoned):
        raise BadField("resume", "resume: cancel all interrupts of a run, or decide each; approved false refuses one")
    else:
        await _decide(assistant, caller, asked.resume)
        if not await assistant.approvals.undecided(turn):
            with contextlib.suppress(NotFound, Busy):  # the server's own sweep may have been faster
                await assistant.turns.resume(turn, caller.key)
    return told(assistant, caller, turn, projection)


async def _decide(assistant: Assistant, caller: Caller, decisions: tuple[Decision, ...]) -> None:
    for one in decisions:
        granted = one.granted is True
        await assistant.approvals.decide(one.interrupt, caller, granted=granted, comment=one.comment)


async def told(assistant: Assistant, caller: Caller, turn: str, projection: Projection) -> AsyncIterator[bytes]:
    """A run from its first event to its last; followed in the store where another process drives the turn."""
    yield framed(projection.begin())
    seen = 0
    async for batch in assistant.turns.batches(turn, caller):
        seen += len(batch)
        if piece := b"".join(framed(event) for entry in batch for event in projection.feed(entry)):
            yield piece
    while projection.closed is None and not projection.paused:
        await asyncio.sleep(POLL_S)
        kept = await assistant.conversations.turn(turn, caller)
        if piece := b"".join(framed(event) for entry in kept[seen:] for event in projection.feed(entry)):
            yield piece
        seen = max(seen, len(kept))
    yield b"".join(framed(event) for event in projection.end())


async def _reference(assistant: Assistant, caller: Caller, agent: str | None) -> str | None:
    """How a question names the agent: one of the account by its id or name, or the one of the caller's app."""
    if agent is None:
        version = await assistant.published.newest(caller) if caller.app is not None else None
        return version.agent if version is not None else caller.app
    if caller.app is None:
        page, _ = await assistant.agents.list(caller.account, limit=MOST)
        for one in page.rows:
            if agent in (one.id, one.name):
                return one.reference
    raise NotFound("agent", agent)
