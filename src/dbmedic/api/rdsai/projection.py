"""What a turn says, as events of ChatMessages: the same for live and for kept entries.  Pure.

The names of events, and what inline mode writes into the answer, are our own choice where the reference of the
product is silent; they are all in this file and in `docs/how-to/alibaba-cloud-sdk.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, assert_never

from msgspec import Struct

from dbmedic.api.aliyun_reply import ascii_json, cut, pieces
from dbmedic.api.aliyun_turn import RESULT_CHARS, Failing, Growing, call_id, described, shown
from dbmedic.core.events import (
    AnswerDelta,
    Answered,
    AnswerGrew,
    ApprovalDecided,
    ApprovalRequested,
    Checked,
    Cited,
    Entry,
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

EventMode: TypeAlias = Literal["inline", "separate"]

TOOL_LINE = "\n> [tool] {tool}: {outcome}\n\n"
DOCUMENT_LINE = "\n> [document] {document}\n\n"
"""Inline mode: a quote that Markdown ends before the next text."""


class Frame(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="pascal"):
    """One event of a stream; the answer of a call that wants one object has the same fields."""

    event: str
    answer: str | None = None
    conversation_id: str = ""
    message_id: str = ""
    id: str = ""
    task_id: str = ""
    created_at: int = 0
    """Epoch seconds of the message, the same on all frames."""
    request_id: str = ""
    call_id: str | None = None
    round_id: str | None = None
    tool_name: str | None = None
    tool_arguments: dict[str, Any] | None = None
    description: str | None = None
    approval_status: str | None = None


class Projection:
    """Feed it the entries of one turn in order; frames come out."""

    def __init__(self, mode: EventMode = "inline", request_id: str = "") -> None:
        self._separate = mode == "separate"
        self._ids: dict[str, Any] = {"request_id": request_id}
        self._answer, self._thought, self._failing = Growing(), Growing(), Failing()
        self._calls: dict[str, ToolCalled] = {}
        self._asked: dict[str, ApprovalRequested] = {}
        self._decisions: list[ApprovalDecided] = []
        """Made while the turn waited: told when it goes on, or ends."""
        self._ended = False

    def feed(self, entry: Entry) -> Iterator[Frame]:
        event = entry.event
        match event:
            case TurnOpened():
                self._ids |= {"conversation_id": event.conversation, "message_id": event.turn, "id": event.turn}
                self._ids |= {"task_id": event.run, "created_at": int(entry.at.timestamp())}
                yield self._frame("workflow_started")
            case TurnResumed(run=run):
                self._ids["task_id"], self._ended = run, False
                yield self._frame("workflow_started")
                yield from self._told()
            case AnswerDelta(reply=reply, text=text):
                yield from self._said(self._answer.rest(reply, None, text))
            case AnswerGrew(reply=reply, start=start, text=text):
                yield from self._said(self._answer.rest(reply, start, text))
            case Answered(reply=reply, text=text):
                yield from self._said(self._answer.rest(reply, 0, text))
            case ThoughtDelta(reply=reply, text=text):
                yield from self._thinks(self._thought.rest(reply, None, text))
            case ThoughtGrew(reply=reply, start=start, text=text):
                yield from self._thinks(self._thought.rest(reply, start, text))
            case Thought(reply=reply, text=text):
                yield from self._thinks(self._thought.rest(reply, 0, text))
            case ToolCalled():
                self._calls[event.call] = event
                if self._separate and not event.writes:
                    yield self._tool("tool_call_started", event)
            case ToolReturned():
                yield from self._returned(event)
            case Cited():
                yield from self._cited(event)
            case ApprovalRequested():
                self._asked[event.call] = event
                yield self._approval(event, "pending")
            case ApprovalDecided(how="policy"):
                yield from self._decided(event)
            case ApprovalDecided():
                self._decisions.append(event)
            case ModelFailed() | TurnFailed():
                self._failing.heard(event)
            case TurnClosed():
                yield from self._closed(event)
            case ModelCalled() | ModelReplied() | Measured() | Checked() | Found() | Skipped() | StopRequested():
                pass
            case _:
                assert_never(event)

    def end(self) -> Iterator[Frame]:
        """What comes last when the turn pauses for a person; nothing when it was closed."""
        if not self._ended:
            self._ended = True
            yield self._frame("message_end")
            yield self._frame("workflow_finished")

    def _frame(self, event: str, **fields: Any) -> Frame:
        return Frame(event=event, **self._ids, **fields)

    def _said(self, text: str) -> Iterator[Frame]:
        return (self._frame("message", answer=piece) for piece in pieces(text))

    def _thinks(self, text: str) -> Iterator[Frame]:
        return (self._frame("agent_thinking", answer=piece) for piece in pieces(text if self._separate else ""))

    def _tool(self, event: str, called: ToolCalled, **fields: Any) -> Frame:
        return self._frame(
            event,
            call_id=call_id(self._ids["message_id"], called.call),
            tool_name=called.tool,
            tool_arguments=shown(called.args),
            description=described(called),
            **fields,
        )

    def _returned(self, event: ToolReturned) -> Iterator[Frame]:
        yield from self._told()
        called = self._calls.pop(event.call, None)
        if called is None:
            return
        if self._separate:
            yield self._tool("tool_call_finished", called, answer=cut(event.content, RESULT_CHARS))
        else:
            yield from self._said(TOOL_LINE.format(tool=called.tool, outcome="ok" if event.ok else "failed"))

    def _cited(self, event: Cited) -> Iterator[Frame]:
        passage = event.passage
        library, document = passage.library_name or passage.library, passage.title or passage.document
        if self._separate:
            text = cut(passage.text, RESULT_CHARS)
            used = {"Library": library, "Document": document, "Text": text, "Score": passage.score}
            yield self._frame("retriever_resource", answer=ascii_json([used]).decode())
        else:
            yield from self._said(DOCUMENT_LINE.format(document=document))

    def _approval(self, event: ApprovalRequested, status: str) -> Frame:
        return self._frame(
            "tool_approval",
            call_id=call_id(self._ids["message_id"], event.call),
            round_id=call_id(self._ids["message_id"], str(event.round)),
            tool_name=event.tool,
            tool_arguments=shown(event.args),
            description=cut(event.description, RESULT_CHARS),
            approval_status=status,
        )

    def _told(self) -> Iterator[Frame]:
        decisions, self._decisions = self._decisions, []
        for event in decisions:
            yield from self._decided(event)

    def _decided(self, event: ApprovalDecided) -> Iterator[Frame]:
        asked = self._asked.get(event.call)
        if asked is not None:
            yield self._approval(asked, approval_status(event))
        called = self._calls.get(event.call)
        if self._separate and event.granted and called is not None:
            yield self._tool("tool_call_started", called)

    def _closed(self, event: TurnClosed) -> Iterator[Frame]:
        self._ended = True
        yield from self._told()
        failure = self._failing.closed(event)
        if failure is not None:
            yield self._frame("error", answer=failure[1], description=failure[0])
        else:
            yield self._frame("message_end")
        yield self._frame("workflow_finished")


def approval_status(event: ApprovalDecided) -> str:
    """The state of a decided call: by a person, by a policy written ahead, or by nobody in time."""
    if event.how == "expired":
        return "expired"
    word = "approved" if event.granted else "rejected"
    return f"auto_{word}" if event.how == "policy" else word
