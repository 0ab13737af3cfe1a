"""What can happen in a turn: one closed union, in the past tense, frozen, JSON.

A turn is its log: everything shown, resumed, audited or replayed is derived from these.  `ThoughtDelta` and
`AnswerDelta` are live only and never stored; what they carried is repeated once a second by `ThoughtGrew` and
`AnswerGrew`, and whole by `Thought` and `Answered`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from dbmedic.core.values import Finding, Level, Measure, Passage, Question, Usage

CloseReason: TypeAlias = Literal["done", "stopped", "failed", "interrupted", "limit", "expired"]


class TurnOpened(Struct, frozen=True, tag=True, kw_only=True):
    turn: str
    """Id of the turn; every API calls it the message id."""
    conversation: str
    run: str
    """Id of this run of the turn; every API calls it the task id."""
    question: Question
    opens: bool
    """First turn of its conversation."""


class TurnResumed(Struct, frozen=True, tag=True, kw_only=True):
    run: str
    by: str


class ModelCalled(Struct, frozen=True, tag=True, kw_only=True):
    reply: int
    """Number of the model reply within the turn, from 1."""
    model: str


class ModelReplied(Struct, frozen=True, tag=True, kw_only=True):
    reply: int
    model: str
    usage: Usage
    took_s: float


class ModelFailed(Struct, frozen=True, tag=True, kw_only=True):
    reply: int
    model: str
    code: str
    sentence: str
    will_retry: bool = False


class ToolCalled(Struct, frozen=True, tag=True, kw_only=True):
    call: str
    tool: str
    args: dict[str, Any]
    reply: int
    writes: bool = False


class ToolReturned(Struct, frozen=True, tag=True, kw_only=True):
    call: str
    ok: bool
    content: str
    """What the model reads."""
    took_s: float = 0.0


class Measured(Struct, frozen=True, tag=True, kw_only=True):
    call: str
    measure: Measure


class Checked(Struct, frozen=True, tag=True, kw_only=True, omit_defaults=True):
    call: str
    check: str
    instance: str
    level: Level
    measures: tuple[str, ...] = ()
    """Ids of the measures the level rests on."""
    reason: str | None = None
    """One of `values.REASONS` when the level is failed."""
    sentence: str = ""
    """Why, in English, with the thing and the way out."""
    grant: str | None = None
    """The statement that would let dbmedic see it."""
    note: str | None = None
    """Name of the gate that kept a crossed threshold normal: "G1" … "G9", or "idle"."""
    took_s: float = 0.0


class Found(Struct, frozen=True, tag=True, kw_only=True):
    call: str
    finding: Finding


class Skipped(Struct, frozen=True, tag=True, kw_only=True):
    call: str
    check: str
    instance: str
    because: str


class Cited(Struct, frozen=True, tag=True, kw_only=True):
    call: str
    passage: Passage


class ApprovalRequested(Struct, frozen=True, tag=True, kw_only=True):
    """A tool wants to change something.  What is granted is exactly this, on exactly this instance, once."""

    call: str
    round: int
    tool: str
    args: dict[str, Any]
    instance: str
    statement: str
    risk: str
    description: str
    until: datetime
    """A decision, and the execution of what was granted, must come before."""
    kind: str = "statement"
    """Class of the change that a rule may name: "create_index", "end_session", "setting" …"""
    database: str = ""
    role: str = ""
    """The account of the write URL that will run it."""
    dangerous: bool = False
    waits: bool = True
    """False when a rule decides at once."""
    approvers: int = 1
    """How many different keys or sign-ins must grant it."""
    rollback: str | None = None
    digest: str = ""
    """Over statement, instance, database, role and kind: compared again before it is run."""


class ApprovalDecided(Struct, frozen=True, tag=True, kw_only=True):
    call: str
    granted: bool
    by: str
    """Id of the key or sign-in, or name of the rule."""
    how: str
    """"person", "policy" (a rule written ahead), "expired", "superseded"."""
    comment: str = ""


class ThoughtDelta(Struct, frozen=True, tag=True):
    """Live only."""

    reply: int
    text: str


class AnswerDelta(Struct, frozen=True, tag=True):
    """Live only."""

    reply: int
    text: str


class ThoughtGrew(Struct, frozen=True, tag=True, kw_only=True):
    reply: int
    start: int
    """Offset of `text` in the reply's whole thought, in characters."""
    text: str


class AnswerGrew(Struct, frozen=True, tag=True, kw_only=True):
    reply: int
    start: int
    """Offset of `text` in the reply's whole text, in characters."""
    text: str


class Thought(Struct, frozen=True, tag=True, kw_only=True):
    reply: int
    text: str


class Answered(Struct, frozen=True, tag=True, kw_only=True):
    """The whole text of one model reply.  The answer of a turn is all of them, one after the other."""

    reply: int
    text: str
    rests_on: tuple[str, ...] = ()
    final: bool = True


class StopRequested(Struct, frozen=True, tag=True, kw_only=True):
    by: str


class TurnFailed(Struct, frozen=True, tag=True, kw_only=True):
    code: str
    sentence: str


class TurnClosed(Struct, frozen=True, tag=True, kw_only=True):
    reason: CloseReason
    usage: Usage


Event: TypeAlias = (
    TurnOpened | TurnResumed | ModelCalled | ModelReplied | ModelFailed | ToolCalled | ToolReturned
    | Measured | Checked | Found | Skipped | Cited | ApprovalRequested | ApprovalDecided
    | ThoughtDelta | AnswerDelta | ThoughtGrew | AnswerGrew | Thought | Answered
    | StopRequested | TurnFailed | TurnClosed
)  # fmt: skip


class Entry(Struct, frozen=True):
    """A kept event with its place in the log of its turn."""

    turn: str
    seq: int
    """From 1, without gaps."""
    at: datetime
    event: Event


LIVE_ONLY = (ThoughtDelta, AnswerDelta)
