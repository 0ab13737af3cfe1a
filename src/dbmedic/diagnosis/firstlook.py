"""What the analyst does for a language model before its first word: the first look, and what comes of it.  Pure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from dbmedic.core.events import Event, ModelCalled, ToolCalled
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Call, Piece, Reasoning
from dbmedic.diagnosis.analyst import Analyst, decide, judged
from dbmedic.diagnosis.answer import answer
from dbmedic.diagnosis.evidence import evidence
from dbmedic.diagnosis.said import Reader
from dbmedic.diagnosis.understand import understand

LOOKS: Final = frozenset({"diagnose", "measure"})
"""Tools that the first look may use: they only measure."""


class FirstLook(Analyst):
    """The `Model` of a turn's first reply: it calls for measurements and says nothing."""

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        for piece in look(request):
            yield piece


def look(request: ModelRequest) -> list[Piece]:
    """The analyst's first calls; empty where the question is not one to measure for."""
    if not request.instances:
        return []
    names = {tool.name for tool in request.tools} & LOOKS
    pieces: list[Piece] = [piece for piece in decide(request) if isinstance(piece, (Reasoning, Call))]
    calls = [piece for piece in pieces if isinstance(piece, Call)]
    return pieces if calls and all(call.tool in names for call in calls) else []


def looked(events: Sequence[Event]) -> tuple[Event, ...]:
    """The events of the first look; empty where there was none."""
    begun = [at for at, event in enumerate(events) if isinstance(event, ModelCalled)]
    if not begun or events[begun[0]].model != Analyst.name:  # type: ignore[union-attr]
        return ()
    return tuple(events[: begun[1] if len(begun) > 1 else len(events)])


def concluded(request: ModelRequest) -> tuple[str, str] | None:
    """(Id of the last call of the first look, what the analyst concludes of it); None where there is nothing."""
    if not (events := looked(request.events)):
        return None
    seen = evidence(events)
    calls = [event for event in events if isinstance(event, ToolCalled)]
    if not calls or not seen.checked:
        return None
    asked = understand(request.question, request.instances, request.history, request.now)
    return calls[-1].call, answer(asked, judged(asked, seen), seen, Reader(asked.language, request.question.zone)).text
