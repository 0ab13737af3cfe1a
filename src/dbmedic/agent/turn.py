"""A turn as a fold over its log: `turn = reduce(apply, events)`, and what must be done next.

Everything that changes a turn's state lives in this file.  Nothing here waits, reads a clock or talks to anybody.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

import msgspec
from msgspec import Struct

from dbmedic.core.events import (
    AnswerDelta,
    Answered,
    AnswerGrew,
    ApprovalDecided,
    ApprovalRequested,
    Checked,
    Cited,
    CloseReason,
    Event,
    Found,
    Measured,
    ModelCalled,
    ModelFailed,
    ModelReplied,
    Skipped,
    StopRequested,
    Thought,
    ThoughtDelta,
    ThoughtGrew,
    ToolCalled,
    ToolReturned,
    TurnClosed,
    TurnFailed,
    TurnOpened,
    TurnResumed,
)
from dbmedic.core.values import NO_USAGE, Question, Usage

REPLIES = 24
"""Model replies in one turn; a model that asks for more tools than that is in a loop."""


class Turn(Struct, frozen=True):
    """What the log says so far, as far as it decides what comes next."""

    id: str = ""
    conversation: str = ""
    run: str = ""
    question: Question | None = None
    replies: int = 0
    """Model replies begun."""
    calls: int = 0
    """Tools called."""
    given_up: int = 0
    """Models that failed here, before they said a word, and left the reply to the next one."""
    open: tuple[ToolCalled, ...] = ()
    """Tools called that have not returned."""
    asked: tuple[ApprovalRequested, ...] = ()
    """Approvals asked for calls that have not returned."""
    waiting: frozenset[str] = frozenset()
    """Calls that a person must decide."""
    grants: frozenset[tuple[str, str]] = frozenset()
    """Call and who granted it; a call may need two."""
    granted: frozenset[str] = frozenset()
    refused: tuple[ApprovalDecided, ...] = ()
    rounds: int = 0
    """Rounds of approvals asked."""
    saying: str = ""
    """Text of the reply under way, as far as it was kept."""
    texts: tuple[str, ...] = ()
    """Texts of the finished replies; joined they are the answer."""
    answered: bool = False
    stopping: bool = False
    failure: TurnFailed | None = None
    usage: Usage = NO_USAGE
    closed: CloseReason | None = None

    @property
    def answer(self) -> str:
        return "".join(self.texts) + self.saying


class CallModel(Struct, frozen=True):
    """Ask the model for its next reply."""

    reply: int


class RunTool(Struct, frozen=True):
    """Run a tool that only reads, or one whose approval was granted."""

    call: ToolCalled


class RequestApproval(Struct, frozen=True):
    """Ask a person whether a tool may run."""

    call: ToolCalled
    round: int


class Refuse(Struct, frozen=True):
    """Tell the model that a call may not run."""

    decided: ApprovalDecided


class Close(Struct, frozen=True):
    """Nothing is left to do."""

    reason: CloseReason


Command: TypeAlias = CallModel | RunTool | RequestApproval | Refuse | Close


def todo(turn: Turn) -> list[Command]:
    """What to do next; empty when the turn is closed, or when a person must speak first."""
    if turn.closed is not None:
        return []
    if turn.stopping:
        return [Close("stopped")]
    if turn.failure is not None:
        return [Close("failed")]
    if turn.open:
        reads: list[Command] = [RunTool(call) for call in turn.open if not call.writes]
        # A person is asked when nothing else is left to do, so that whoever is asked can decide at once.
        return reads or [command for call in turn.open if (command := _next(turn, call)) is not None]
    if turn.answered:
        return [Close("done")]
    if turn.replies >= REPLIES:
        return [Close("limit")]
    return [CallModel(turn.replies + 1)]


def _next(turn: Turn, call: ToolCalled) -> Command | None:
    """What the call of a change needs: it waits until its whole round is decided."""
    if not any(asked.call == call.call for asked in turn.asked):
        return RequestApproval(call, turn.rounds + 1)
    if turn.waiting:
        return None
    if call.call in turn.granted:
        return RunTool(call)
    return Refuse(next(decided for decided in turn.refused if decided.call == call.call))


def unknown(turn: Turn) -> frozenset[str]:
    """Calls that may have run: granted, their round decided, no result.  After a crash these are never repeated."""
    return frozenset() if turn.waiting else turn.granted & {call.call for call in turn.open}


def approval(turn: Turn, call: str) -> ApprovalRequested | None:
    """What was granted for a call; None when nothing was."""
    if call not in turn.granted:
        return None
    return next(asked for asked in turn.asked if asked.call == call)


def apply(turn: Turn, event: Event) -> Turn:
    """The turn after an event."""
    change = msgspec.structs.replace
    match event:
        case TurnOpened():
            return Turn(event.turn, event.conversation, event.run, event.question)
        case TurnResumed():
            return change(turn, run=event.run)
        case ModelCalled():
            return change(turn, replies=event.reply, saying="")
        case ModelReplied():
            return change(turn, usage=turn.usage + event.usage)
        case ModelFailed():
            if event.will_retry:
                return change(turn, replies=event.reply - 1, given_up=turn.given_up + 1)
            return change(turn, failure=TurnFailed(code=event.code, sentence=event.sentence))
        case ToolCalled():
            return change(turn, open=(*turn.open, event), calls=turn.calls + 1)
        case ToolReturned():
            return change(
                turn,
                open=tuple(call for call in turn.open if call.call != event.call),
                asked=tuple(asked for asked in turn.asked if asked.call != event.call),
                waiting=turn.waiting - {event.call},
            )
        case ApprovalRequested():
            return change(
                turn,
                asked=(*turn.asked, event),
                waiting=turn.waiting | {event.call},
                rounds=max(turn.rounds, event.round),
            )
        case ApprovalDecided():
            return _decided(turn, event)
        case AnswerGrew():
            return change(turn, saying=turn.saying[: event.start] + event.text)
        case Answered():
            return change(turn, saying="", texts=(*turn.texts, event.text), answered=event.final)
        case StopRequested():
            return change(turn, stopping=True)
        case TurnFailed():
            return change(turn, failure=event)
        case TurnClosed():
            return change(turn, closed=event.reason)
        case (
            Measured() | Checked() | Found() | Skipped() | Cited()
            | ThoughtDelta() | AnswerDelta() | ThoughtGrew() | Thought()
        ):  # fmt: skip
            return turn
        case _:
            assert_never(event)


def _decided(turn: Turn, event: ApprovalDecided) -> Turn:
    """A decision counts only while its call waits; one refusal is enough, grants must come from different people."""
    if event.call not in turn.waiting:
        return turn
    if not event.granted:
        return msgspec.structs.replace(turn, waiting=turn.waiting - {event.call}, refused=(*turn.refused, event))
    grants = turn.grants | {(event.call, event.by)}
    needed = next(asked.approvers for asked in turn.asked if asked.call == event.call)
    if sum(call == event.call for call, _ in grants) < needed:
        return msgspec.structs.replace(turn, grants=grants)
    return msgspec.structs.replace(
        turn, grants=grants, waiting=turn.waiting - {event.call}, granted=turn.granted | {event.call}
    )
