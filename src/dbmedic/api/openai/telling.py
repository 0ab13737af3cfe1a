"""What a turn says, as pieces of text: the same for live and for kept events.  Pure.

Both projections of this API are fed with these: the answer, what was thought and done on the way, and how it ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from dbmedic.assistant.approvals import approval_id
from dbmedic.core.events import (
    AnswerDelta,
    Answered,
    AnswerGrew,
    ApprovalRequested,
    Entry,
    ModelFailed,
    Thought,
    ThoughtDelta,
    ThoughtGrew,
    ToolCalled,
    TurnClosed,
    TurnFailed,
    TurnOpened,
)
from dbmedic.core.values import Usage


class Piece(NamedTuple):
    """Text of the answer, or of what leads to it."""

    kind: Literal["answer", "reasoning"]
    text: str


class End(NamedTuple):
    """How a turn ended; `failure` is code and sentence."""

    usage: Usage
    failure: tuple[str, str] | None = None
    cut: bool = False
    """A limit ended it before it had said all."""


_CUT = {
    "interrupted": "The server ended in the middle of this turn; what was said until then is kept.",
    "failed": "The turn failed.",
}


class Teller:
    """Feed it the entries of one turn in order; pieces come out, and the end."""

    def __init__(self) -> None:
        self.turn = self.conversation = ""
        self.at = 0
        """When the turn was opened, in epoch seconds."""
        self.end: End | None = None
        self._answer, self._thought = _Once(), _Once()
        self._failure: tuple[str, str] | None = None

    def feed(self, entry: Entry) -> Iterator[Piece]:
        event = entry.event
        match event:
            case AnswerDelta(reply=reply, text=text):
                yield from self._said("answer", self._answer.rest(reply, None, text))
            case AnswerGrew(reply=reply, start=start, text=text):
                yield from self._said("answer", self._answer.rest(reply, start, text))
            case Answered(reply=reply, text=text):
                yield from self._said("answer", self._answer.rest(reply, 0, text))
            case ThoughtDelta(reply=reply, text=text):
                yield from self._said("reasoning", self._thought.rest(reply, None, text))
            case ThoughtGrew(reply=reply, start=start, text=text):
                yield from self._said("reasoning", self._thought.rest(reply, start, text))
            case Thought(reply=reply, text=text):
                yield from self._said("reasoning", self._thought.rest(reply, 0, text))
            case TurnOpened(turn=turn, conversation=conversation):
                self.turn, self.conversation, self.at = turn, conversation, int(entry.at.timestamp())
            case ToolCalled():
                yield Piece("reasoning", f"\n> {step(event)}\n")
            case ApprovalRequested(waits=True):
                yield Piece("answer", asked(event, self.turn))
            case TurnFailed(code=code, sentence=sentence):
                self._failure = (code, sentence)
            case ModelFailed(code=code, sentence=sentence, will_retry=False):
                self._failure = (code, sentence)
            case TurnClosed(reason=reason, usage=usage):
                failure = None
                if reason in _CUT:
                    failure = self._failure or (reason, _CUT[reason])
                self.end = End(usage, failure, reason == "limit")
            case _:
                pass

    def _said(self, kind: Literal["answer", "reasoning"], text: str) -> Iterator[Piece]:
        if text:
            yield Piece(kind, text)


class _Once:
    """Text that comes as deltas, is repeated from time to time and comes whole at the end: each part once."""

    def __init__(self) -> None:
        self._reply = self._heard = 0

    def rest(self, reply: int, start: int | None, text: str) -> str:
        if reply != self._reply:
            self._reply, self._heard = reply, 0
        fresh = text if start is None else text[max(0, self._heard - start) :]
        self._heard += len(fresh)
        return fresh


def step(event: ToolCalled) -> str:
    """A tool call in a few words."""
    args = ", ".join(f"{name}: {' '.join(str(value).split())[:200]}" for name, value in event.args.items())
    return f"{event.tool} ({args})" if args else event.tool


def asked(event: ApprovalRequested, turn: str) -> str:
    """What is asked of whom: this API has no place for a decision."""
    return (
        f"\n\nThis needs an approval on {event.instance}: {event.description}\n\n```sql\n{event.statement}\n```\n"
        f"Risk: {event.risk}. Waiting until {event.until:%Y-%m-%d %H:%M} UTC for a key that may approve: "
        f"`dbmedic approve {approval_id(turn, event.call)}`\n"
    )
