"""`GET /workflow/{run}/events`: a run of the user from its first event on, whether it goes on or has ended.

With `include_state_snapshot` what has happened is told in short; with `Last-Event-ID`, or `last_event_id` in the query,
each frame has an `id:` line and those up to that id are left out ("0" leaves out none).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, boolean, broken
from dbmedic.api.dify.resume import Cursor, cursor, followed, shortened
from dbmedic.api.dify.wire import Fault
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.assistant.approvals import LIFE_S
from dbmedic.core.errors import NotFound
from dbmedic.core.events import LIVE_ONLY, Entry, TurnClosed
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/workflow/{workflow_run_id}/events", user="query", user_required=True)

LOOK_S = 0.5
"""How often a run that waits for a person is looked at."""


class Request(Struct, frozen=True):
    run: str
    snapshot: bool
    after: Cursor | None
    goes_on: bool
    """Whether the stream stays open while the run waits for a person."""


def parse(asked: Asked) -> Request:
    last = asked.fields.get("last_event_id") or asked.headers.get("last-event-id")
    return Request(
        asked.path["workflow_run_id"],
        boolean(asked.fields.get("include_state_snapshot", "false"), "include_state_snapshot"),
        cursor(last) if last else None,
        boolean(asked.fields.get("continue_on_pause", "false"), "continue_on_pause"),
    )


async def run(assistant: Assistant, request: Request, caller: Caller) -> Stream:
    try:
        turn = await assistant.runs.turn_of(request.run, caller)
    except NotFound:
        raise Fault(404, "not_found", "Workflow run not found") from None
    batches = (_through_pauses if request.goes_on else _once)(assistant, turn, caller)
    whole = request.after is not None or not request.snapshot
    pieces = followed(batches, request.after) if whole else shortened(batches)
    return Stream(pieces, headers=((b"x-workflow-run-id", request.run.encode()),), broken=broken())


def _once(assistant: Assistant, turn: str, caller: Caller) -> AsyncIterator[Sequence[Entry]]:
    return assistant.turns.batches(turn, caller)


async def _through_pauses(assistant: Assistant, turn: str, caller: Caller) -> AsyncIterator[Sequence[Entry]]:
    """A turn's entries until it is closed, however often it waits for a person; never longer than one may wait."""
    seen, until = 0, asyncio.get_running_loop().time() + LIFE_S
    while True:
        async for batch in assistant.turns.batches(turn, caller):
            if fresh := [entry for entry in batch if entry.seq > seen or isinstance(entry.event, LIVE_ONLY)]:
                yield fresh
                if any(isinstance(entry.event, TurnClosed) for entry in fresh):
                    return
            seen = max([seen, *(entry.seq for entry in batch)])
        if asyncio.get_running_loop().time() >= until:
            return
        await asyncio.sleep(LOOK_S)
