"""What a turn says, as frames of GetPolarAgent and GetYaoChiAgent: two products, one kind of stream.  Pure.

A frame has no name: which field is filled tells what it is.  The end of the stream is the end of the body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from msgspec import Struct

from dbmedic.api.aliyun_reply import Fault, ascii_json, pieces
from dbmedic.api.aliyun_turn import Failing, Growing, approval_text, call_id, shown
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

RUNNING, SUCCESS, FAILED = "RUNNING", "success", "failed"
"""States of a tool call."""
ERROR = "[error] {}: {}"
"""A failure, as text of the answer."""


class FunctionCall(Struct, frozen=True, kw_only=True, rename="pascal"):
    id: str
    name: str
    arguments: str
    """JSON text."""
    status: str


class UiFunctionCall(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A card to render; dbmedic sends none."""

    tool_name: str
    args_text: str


class Frame(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="pascal"):
    """One frame of a stream."""

    request_id: str = ""
    session_id: str = ""
    query_id: str = ""
    product: str = ""
    content: str | None = None
    reasoning_content: str | None = None
    function_call: list[FunctionCall] = []


class Answer(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A whole turn in one object; the lists may be empty."""

    request_id: str
    session_id: str
    query_id: str
    product: str
    content: str
    reasoning_content: str
    function_call: list[FunctionCall]
    ui_function_call: list[UiFunctionCall] = []


class Projection:
    """Feed it the entries of one turn in order; frames come out."""

    def __init__(self, product: str, session: str = "", request_id: str = "") -> None:
        """`session`: the id that the client knows the conversation by."""
        self._ids: dict[str, Any] = {"request_id": request_id, "session_id": session, "product": product}
        self._answer, self._thought, self._failing = Growing(), Growing(), Failing()
        self._calls: dict[str, ToolCalled] = {}
        self._turn = ""

    def feed(self, entry: Entry) -> Iterator[Frame]:
        event = entry.event
        match event:
            case TurnOpened():
                self._turn = event.turn
                self._ids |= {"session_id": self._ids["session_id"] or event.conversation, "query_id": event.turn}
                yield self._frame(content="")
            case TurnResumed():
                yield self._frame(content="")
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
                yield self._called(event, RUNNING)
            case ToolReturned():
                if event.call in self._calls:
                    yield self._called(self._calls.pop(event.call), SUCCESS if event.ok else FAILED)
            case ApprovalRequested():
                yield from self._said(approval_text(event, self._turn))
            case ModelFailed() | TurnFailed():
                self._failing.heard(event)
            case TurnClosed():
                if failure := self._failing.closed(event):
                    yield self._frame(content=ERROR.format(*failure))
            case (
                ModelCalled() | ModelReplied() | Measured() | Checked() | Found() | Skipped() | Cited()
                | ApprovalDecided() | StopRequested()
            ):  # fmt: skip
                pass
            case _:
                assert_never(event)

    def end(self) -> Iterator[Frame]:
        """What comes last when the turn pauses for a person: nothing, this stream just ends."""
        return iter(())

    def _frame(self, **fields: Any) -> Frame:
        return Frame(**self._ids, **fields)

    def _said(self, text: str) -> Iterator[Frame]:
        return (self._frame(content=piece) for piece in pieces(text))

    def _thinks(self, text: str) -> Iterator[Frame]:
        return (self._frame(content="", reasoning_content=piece) for piece in pieces(text))

    def _called(self, event: ToolCalled, status: str) -> Frame:
        arguments = ascii_json(shown(event.args)).decode()
        call = FunctionCall(id=call_id(self._turn, event.call), name=event.tool, arguments=arguments, status=status)
        return self._frame(content="", function_call=[call])


def whole(frames: Iterable[Frame]) -> Answer:
    """All frames of a turn in one object; each call once, as it ended."""
    heard = list(frames)
    calls: dict[str, FunctionCall] = {}
    for frame in heard:
        calls |= {call.id: call for call in frame.function_call}
    last = heard[-1]
    return Answer(
        request_id=last.request_id,
        session_id=last.session_id,
        query_id=last.query_id,
        product=last.product,
        content="".join(frame.content or "" for frame in heard),
        reasoning_content="".join(frame.reasoning_content or "" for frame in heard),
        function_call=list(calls.values()),
    )


def error_frame(fault: Fault, *, session: str, product: str, request_id: str) -> Frame:
    """How a fault is told in the middle of a stream: there is no field for it."""
    content = ERROR.format(fault.code, fault.message)
    return Frame(session_id=session, product=product, request_id=request_id, content=content)


def answer_text(entries: Iterable[Entry]) -> str:
    """The answer alone, as a list of chat records shows it."""
    projection = Projection("")
    return "".join(frame.content or "" for entry in entries for frame in projection.feed(entry))
