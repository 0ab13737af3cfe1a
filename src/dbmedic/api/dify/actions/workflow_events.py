"""`GET /workflow/{run}/events`: a run of the user from its first event on, whether it goes on or has ended.

With `include_state_snapshot` what has happened is told in short; with `Last-Event-ID`, or `last_event_id` in the query,
each frame has an `id:` line and those up to that id are left out ("0" leaves out none).
"""

from __future__ import annotations

from msgspec import Struct

from dbmedic.api.dify.action import Asked, Route, boolean, broken
from dbmedic.api.dify.resume import Cursor, cursor, followed, shortened
from dbmedic.api.dify.wire import Fault
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.core.errors import NotFound
from dbmedic.core.values import Caller

ROUTE = Route("GET", "/workflow/{workflow_run_id}/events", user="query", user_required=True)


class Request(Struct, frozen=True):
    run: str
    snapshot: bool
    after: Cursor | None


def parse(asked: Asked) -> Request:
    boolean(asked.fields.get("continue_on_pause", "false"), "continue_on_pause")
    last = asked.fields.get("last_event_id") or asked.headers.get("last-event-id")
    return Request(
        asked.path["workflow_run_id"],
        boolean(asked.fields.get("include_state_snapshot", "false"), "include_state_snapshot"),
        cursor(last) if last else None,
    )


async def run(assistant: Assistant, request: Request, caller: Caller) -> Stream:
    try:
        turn = await assistant.runs.turn_of(request.run, caller)
    except NotFound:
        raise Fault(404, "not_found", "Workflow run not found") from None
    batches = assistant.turns.batches(turn, caller)
    whole = request.after is not None or not request.snapshot
    pieces = followed(batches, request.after) if whole else shortened(batches)
    return Stream(pieces, headers=((b"x-workflow-run-id", request.run.encode()),), broken=broken())
