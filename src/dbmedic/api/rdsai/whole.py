"""The frames of a turn folded into one: the answer of a call that wants one object, and a message of the history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.api.rdsai.projection import EventMode, Frame, Projection
from dbmedic.core.events import Entry, TurnClosed, TurnOpened

_KEPT = ("agent_thinking", "tool_call_started", "tool_call_finished", "retriever_resource", "tool_approval", "error")
_GROWS = ("agent_thinking",)
_STATUS = {"done": "finished", "limit": "finished", "stopped": "stopped", "expired": "stopped"}


class StoredEvent(Struct, frozen=True, kw_only=True):
    """An event of a message in the history; two of its keys are in lower case."""

    event: str
    answer: str
    approval_status: str = msgspec.field(name="ApprovalStatus")
    call_id: str = msgspec.field(name="CallId")
    conversation_id: str = msgspec.field(name="ConversationId")
    description: str = msgspec.field(name="Description")
    message_id: str = msgspec.field(name="MessageId")
    round_id: str = msgspec.field(name="RoundId")
    tool_arguments: dict[str, Any] = msgspec.field(name="ToolArguments")
    tool_name: str = msgspec.field(name="ToolName")


class Message(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A turn in GetMessages.  Times are epoch seconds as text."""

    id: str
    conversation_id: str
    query: str
    answer: str
    created_at: str
    feedback: str
    retriever_resources: list[Any]
    events: list[StoredEvent]
    message_files: list[Any]
    generation_status: str
    generation_started_at: str
    generation_finished_at: str


class Whole:
    """Hears frames and says one."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._events: list[Frame] = []
        self._last: Frame | None = None

    def hear(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            self._last = frame
            if frame.event == "message":
                self._said.append(frame.answer or "")
            elif frame.event in _KEPT:
                self._keep(frame)

    def _keep(self, frame: Frame) -> None:
        before = self._events[-1] if self._events else None
        if before is not None and frame.event in _GROWS and before.event == frame.event:
            joined = (before.answer or "") + (frame.answer or "")
            self._events[-1] = msgspec.structs.replace(before, answer=joined)
        else:
            self._events.append(frame)

    @property
    def answer(self) -> str:
        return "".join(self._said)

    @property
    def events(self) -> list[Frame]:
        """What happened besides the answer's text, in order."""
        return self._events

    def pending(self) -> Frame | None:
        """The first call that waits for a person."""
        decided = {event.call_id for event in self._events if event.approval_status not in (None, "pending")}
        waiting = (event for event in self._events if event.approval_status == "pending")
        return next((event for event in waiting if event.call_id not in decided), None)

    def frame(self) -> Frame:
        """One object for the whole turn: its answer, the first call that waits, or the failure as an event."""
        assert self._last is not None
        bare = msgspec.structs.replace(
            self._last, event="message", answer=self.answer, call_id=None, round_id=None, tool_name=None,
            tool_arguments=None, description=None, approval_status=None,
        )  # fmt: skip
        failed = next((event for event in self._events if event.event == "error"), None)
        if failed is not None:
            return failed
        waiting = self.pending()
        return bare if waiting is None else msgspec.structs.replace(waiting, answer=self.answer)


def whole(entries: Iterable[Entry], mode: EventMode, request_id: str = "") -> Whole:
    """A turn's entries, folded."""
    projection, found = Projection(mode, request_id), Whole()
    for entry in entries:
        found.hear(projection.feed(entry))
    return found


def message(entries: Iterable[Entry], mode: EventMode, feedback: str = "") -> Message:
    """A turn of the history; `entries` begin with its `TurnOpened`."""
    log = list(entries)
    opened = log[0].event
    assert isinstance(opened, TurnOpened)
    folded = whole(log, mode)
    closed = next((entry for entry in log if isinstance(entry.event, TurnClosed)), None)
    status = "pending_approval" if folded.pending() else "running"
    if closed is not None and isinstance(closed.event, TurnClosed):
        status = _STATUS.get(closed.event.reason, "failed")
    began = str(int(log[0].at.timestamp()))
    return Message(
        id=opened.turn,
        conversation_id=opened.conversation,
        query=opened.question.text,
        answer=folded.answer,
        created_at=began,
        feedback=feedback,
        retriever_resources=[],
        events=[stored(event) for event in folded.events] if mode == "separate" else [],
        message_files=[],
        generation_status=status,
        generation_started_at=began,
        generation_finished_at="" if closed is None else str(int(closed.at.timestamp())),
    )


def stored(frame: Frame) -> StoredEvent:
    return StoredEvent(
        event=frame.event,
        answer=frame.answer or "",
        approval_status=frame.approval_status or "",
        call_id=frame.call_id or "",
        conversation_id=frame.conversation_id,
        description=frame.description or "",
        message_id=frame.message_id,
        round_id=frame.round_id or "",
        tool_arguments=frame.tool_arguments or {},
        tool_name=frame.tool_name or "",
    )
