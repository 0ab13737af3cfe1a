"""One tool, no model, the same log: a turn whose every step was said by whoever called.

It is an ordinary turn: it takes a slot, is stopped, audited and paused for an approval like any other.  What is called
stands in the inputs of its question, so a turn that goes on after a pause, or in another process, finds it again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from dbmedic.assistant.approvals import approval_id
from dbmedic.core.events import ApprovalDecided, ApprovalRequested, Entry, Event, ToolReturned, TurnClosed, TurnFailed
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Call, Caller, Piece, Question, Text

API: Final = "mcp"
"""The wire whose questions may be calls."""
CALL: Final = "1"
"""Id of the only call of such a turn."""


class Returned(Struct, frozen=True, kw_only=True):
    """What came of a call so far."""

    turn: str
    ok: bool
    content: str
    closed: bool
    approval: str = ""
    """Id of the approval it waits for."""
    request: ApprovalRequested | None = None


def question(tool: str, args: dict[str, Any], caller: Caller, agent: str | None = None) -> Question:
    """The question of a turn that is one call; `agent` limits the tools, as it does for questions."""
    said = f"{tool} {msgspec.json.encode(args).decode()}"
    return Question(text=said, caller=caller, api=API, agent=agent, inputs={"tool": tool, "arguments": args})


def called(question: Question) -> Call | None:
    """The call that a question is; None for one that somebody answers."""
    if question.api != API or "tool" not in question.inputs:
        return None
    return Call(CALL, str(question.inputs["tool"]), dict(question.inputs["arguments"]))


class OneCall:
    """The model of such a turn: it calls the tool, and repeats what came of it."""

    name = "call"

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        """First the call, then its result as it is."""
        call = called(request.question)
        assert call is not None
        if request.reply == 1:
            yield call
        else:
            yield Text(_result(request.events).content)

    async def close(self) -> None:
        """Holds nothing."""


def returned(turn: str, entries: Iterable[Entry]) -> Returned:
    """What a turn that is one call has come to; `closed` says whether more may come."""
    events = [entry.event for entry in entries]
    closed = any(isinstance(event, TurnClosed) for event in events)
    found = next((event for event in events if isinstance(event, ToolReturned)), None)
    if found is not None:
        return Returned(turn=turn, ok=found.ok, content=found.content, closed=closed)
    request = next((event for event in events if isinstance(event, ApprovalRequested)), None)
    if request is not None and not closed:
        decided = sum(isinstance(event, ApprovalDecided) and event.granted for event in events)
        words = waits(request, approval_id(turn, CALL), decided)
        return Returned(
            turn=turn, ok=True, content=words, closed=False, approval=approval_id(turn, CALL), request=request
        )
    return Returned(turn=turn, ok=False, content=_result(events).content, closed=closed)


def waits(request: ApprovalRequested, approval: str, granted: int = 0) -> str:
    """What whoever called is told of a change that a person must grant first."""
    more = f" ({granted} of {request.approvers} people granted it)" if request.approvers > 1 else ""
    return (
        f"Nothing was changed yet.  This waits for approval {approval} until {request.until:%Y-%m-%d %H:%M:%S} UTC"
        f"{more}.\nOn {request.instance}: {request.description}\nStatement: {request.statement}\n"
        f"Risk: {request.risk}\nA person decides it: `dbmedic approve {approval}`, or a key with the right approve "
        f"over HTTP.  The tool approval_status tells what came of it."
    )


def _result(events: Iterable[Event]) -> ToolReturned:
    problem = "The turn ended before the tool returned."
    for event in events:
        if isinstance(event, ToolReturned):
            return event
        if isinstance(event, TurnFailed):
            problem = f"{event.code}: {event.sentence}"
    return ToolReturned(call=CALL, ok=False, content=problem)
