"""The analyst in place of a model that failed or may not be asked again, in the middle of a turn.

It says so, and measures for itself: what the model had called for so far is not what its answer rests on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from dbmedic.core.events import Answered, Event, ModelFailed, ModelReplied
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Call, Piece, Text
from dbmedic.diagnosis.analyst import Analyst, decide
from dbmedic.diagnosis.said import Reader
from dbmedic.diagnosis.understand import understand

SPENT = "budget"
"""Code of a failure that is none: the model did its part, and more of it is not allowed."""


class Standin(Analyst):
    """A `Model` for the end of the chain; never down."""

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        for piece in instead(request):
            yield piece


def instead(request: ModelRequest) -> list[Piece]:
    """The pieces of its next reply; the first one begins with why it is not the model that speaks.  Pure."""
    failed, since = _since(request.events)
    pieces = decide(msgspec.structs.replace(request, events=tuple(since)))
    # Ids of calls are unique in a turn, and a model may have taken ours.
    pieces = [Call(f"s{request.reply}{one.id}", one.tool, one.args) if isinstance(one, Call) else one for one in pieces]
    if failed is None or any(isinstance(event, ModelReplied) for event in since):
        return pieces
    asked = understand(request.question, request.instances, request.history, request.now)
    reader = Reader(asked.language)
    said = reader.say("model.spent", why=failed.sentence) if failed.code == SPENT else reader.say("model.down")
    gap = "\n\n" if any(isinstance(event, Answered) and event.text for event in request.events) else ""
    return [Text(f"{gap}{said}\n\n"), *pieces]


def _since(events: Sequence[Event]) -> tuple[ModelFailed | None, Sequence[Event]]:
    """The failure that made it take over, and what came after."""
    for at in range(len(events) - 1, -1, -1):
        event = events[at]
        if isinstance(event, ModelFailed) and event.will_retry:
            return event, events[at + 1 :]
    return None, events
