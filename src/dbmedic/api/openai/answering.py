"""Asking a question for this API, and remembering which transcript its conversation has then."""

from __future__ import annotations

import asyncio

import structlog

from dbmedic.api.openai.asking import API, Said, Transcript, fingerprint
from dbmedic.assistant import Assistant
from dbmedic.assistant.live import Running
from dbmedic.core.errors import Failure
from dbmedic.core.events import LIVE_ONLY, Entry
from dbmedic.core.values import Caller, Question

logger = structlog.get_logger("dbmedic.openai")
_remembering: set[asyncio.Task[None]] = set()


async def asked(assistant: Assistant, question: Question, model: str, talk: Transcript) -> Running:
    """The running turn.  Once it ends, the transcript that the client will send next is known."""
    running = await assistant.turns.ask(question)
    task = asyncio.create_task(_remember(assistant, running, question.caller, model, talk))
    _remembering.add(task)
    task.add_done_callback(_remembering.discard)
    return running


async def _remember(assistant: Assistant, running: Running, caller: Caller, model: str, talk: Transcript) -> None:
    from dbmedic.api.openai.telling import Teller

    await running.closed.wait()
    teller = Teller()
    answer = "".join(piece.text for entry in kept(running) for piece in teller.feed(entry) if piece.kind == "answer")
    said = (*talk.earlier, Said("user", talk.question), Said("assistant", answer))
    try:
        await assistant.sessions.name(fingerprint(model, said), running.conversation, caller, api=API)
    except Failure as failure:  # the next question then begins a conversation, with what the client tells of this one
        logger.warning("transcript not remembered", turn=running.id, error=str(failure))


def kept(running: Running) -> list[Entry]:
    """A turn's entries as a history would read them."""
    return [entry for entry in running.entries if not isinstance(entry.event, LIVE_ONLY)]
