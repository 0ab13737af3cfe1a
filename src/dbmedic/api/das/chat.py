"""What a turn says, as events of Chat: the AG-UI protocol with capitalised field names.  Pure.

Every start has its end, text before and after a tool call are two messages, and nothing follows `RUN_FINISHED`.
https://docs.ag-ui.com/concepts/events
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from msgspec import Struct

from dbmedic.api.aliyun_reply import ascii_json, cut, pieces
from dbmedic.api.aliyun_turn import DEFAULT_AGENT, RESULT_CHARS, Failing, Growing, call_id, shown
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

THINKING = "waiting_for_agent_thinking"
MESSAGE_ID = "MessageId"
"""Where the inputs of a question keep the id that the client gave its message."""


class Frame(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="pascal"):
    type: str
    run_id: str = ""
    thread_id: str = ""
    timestamp: int = 0
    """Epoch milliseconds."""
    agent_id: str | None = None
    message_id: str | None = None
    role: str | None = None
    delta: str | None = None
    content: str | None = None
    tool_call_id: str | None = None
    tool_call_name: str | None = None
    parent_message_id: str | None = None
    tool_call_error: str | None = None
    activity_type: str | None = None
    name: str | None = None
    value: Any = None


class Projection:
    """Feed it the entries of one turn in order; frames come out."""

    def __init__(self, thread: str = "", *, agent: str = DEFAULT_AGENT, summary: str | None = None) -> None:
        """`thread`: the session id that the client knows; `summary`: what to add before the end, if anything."""
        self._ids: dict[str, Any] = {"thread_id": thread, "agent_id": agent}
        self._summary = summary
        self._text, self._failing = Growing(), Failing()
        self._turn = ""
        self._message = ""
        """Id of the message under way."""
        self._reply = 0
        self._calls: dict[str, ToolCalled] = {}
        self._ended = False

    def feed(self, entry: Entry) -> Iterator[Frame]:
        event = entry.event
        self._ids["timestamp"] = int(entry.at.timestamp() * 1000)
        match event:
            case TurnOpened():
                self._turn = event.turn
                self._ids |= {"run_id": event.run, "thread_id": self._ids["thread_id"] or event.conversation}
                yield self._frame("RUN_STARTED")
                yield from self._echo(event)
            case TurnResumed(run=run):
                self._ids["run_id"], self._ended = run, False
                yield self._frame("RUN_STARTED")
            case ModelCalled():
                yield self._frame("ACTIVITY_DELTA", activity_type=THINKING)
            case AnswerDelta(reply=reply, text=text):
                yield from self._said(reply, self._text.rest(reply, None, text))
            case AnswerGrew(reply=reply, start=start, text=text):
                yield from self._said(reply, self._text.rest(reply, start, text))
            case Answered(reply=reply, text=text):
                yield from self._said(reply, self._text.rest(reply, 0, text))
                yield from self._end_message()
            case ToolCalled():
                yield from self._called(event)
            case ToolReturned():
                if event.call in self._calls:
                    del self._calls[event.call]
                    yield self._returned(event)
            case ApprovalRequested():
                yield from self._end_message()
                yield self._frame("CUSTOM", name="interrupt", value=self._interrupt(event))
            case ModelFailed() | TurnFailed():
                self._failing.heard(event)
            case TurnClosed():
                yield from self._close(self._failing.closed(event))
            case (
                ModelReplied() | Measured() | Checked() | Found() | Skipped() | Cited() | ApprovalDecided()
                | Thought() | ThoughtDelta() | ThoughtGrew() | StopRequested()
            ):  # fmt: skip
                pass
            case _:
                assert_never(event)

    def end(self) -> Iterator[Frame]:
        """What comes last when the turn pauses for a person; nothing when it was closed."""
        if not self._ended:
            yield from self._close(None)

    def _frame(self, kind: str, **fields: Any) -> Frame:
        return Frame(type=kind, **self._ids, **fields)

    def _echo(self, event: TurnOpened) -> Iterator[Frame]:
        given = event.question.inputs.get(MESSAGE_ID)
        id = given if isinstance(given, str) and given else call_id(event.turn, "0")
        yield self._frame("TEXT_MESSAGE_START", message_id=id, role="user")
        for piece in pieces(event.question.text):
            yield self._frame("TEXT_MESSAGE_CONTENT", message_id=id, delta=piece)
        yield self._frame("TEXT_MESSAGE_END", message_id=id)

    def _said(self, reply: int, text: str) -> Iterator[Frame]:
        if text and not (self._message and reply == self._reply):
            yield from self._end_message()
            self._message, self._reply = call_id(self._turn, str(reply)), reply
            yield self._frame("TEXT_MESSAGE_START", message_id=self._message, role="assistant")
        for piece in pieces(text):
            yield self._frame("TEXT_MESSAGE_CONTENT", message_id=self._message, delta=piece)

    def _end_message(self) -> Iterator[Frame]:
        if self._message:
            yield self._frame("TEXT_MESSAGE_END", message_id=self._message)
            self._message = ""

    def _called(self, event: ToolCalled) -> Iterator[Frame]:
        yield from self._end_message()
        self._calls[event.call] = event
        id = call_id(self._turn, event.call)
        parent = call_id(self._turn, str(event.reply))
        yield self._frame("TOOL_CALL_START", tool_call_id=id, tool_call_name=event.tool, parent_message_id=parent)
        for piece in pieces(ascii_json(shown(event.args)).decode()):
            yield self._frame("TOOL_CALL_ARGS", tool_call_id=id, delta=piece)
        yield self._frame("TOOL_CALL_END", tool_call_id=id)

    def _returned(self, event: ToolReturned) -> Frame:
        id = call_id(self._turn, event.call)
        content = cut(event.content, RESULT_CHARS)
        error = None if event.ok else content
        return self._frame(
            "TOOL_CALL_RESULT", tool_call_id=id, message_id=f"{id}-result", content=content, tool_call_error=error
        )

    def _interrupt(self, event: ApprovalRequested) -> dict[str, Any]:
        return {
            "InterruptId": call_id(self._turn, event.call),
            "Reason": "tool_approval",
            "ToolCallId": call_id(self._turn, event.call),
            "ToolCallName": event.tool,
            "Arguments": shown(event.args),
            "Description": cut(event.description, RESULT_CHARS),
        }

    def _close(self, failure: tuple[str, str] | None) -> Iterator[Frame]:
        self._ended = True
        yield from self._end_message()
        if failure is not None:
            yield self._frame("CUSTOM", name="error", value={"Code": failure[0], "Message": failure[1]})
        if self._summary is not None:
            yield self._frame("CUSTOM", name="summary", value=self._summary)
        yield self._frame("RUN_FINISHED")


def whole(frames: Iterable[Frame]) -> Frame:
    """One object for the whole turn, for its model can hold one event only; a failed one is its error."""
    heard = list(frames)
    failed = next((frame for frame in heard if frame.type == "CUSTOM" and frame.name == "error"), None)
    if failed is not None:
        return failed
    own = {frame.message_id for frame in heard if frame.type == "TEXT_MESSAGE_START" and frame.role == "assistant"}
    said = [frame for frame in heard if frame.type == "TEXT_MESSAGE_CONTENT" and frame.message_id in own]
    answer = "".join(frame.delta or "" for frame in said)
    last = heard[-1]
    return Frame(
        type="TEXT_MESSAGE_CONTENT",
        run_id=last.run_id,
        thread_id=last.thread_id,
        timestamp=last.timestamp,
        agent_id=last.agent_id,
        message_id=said[-1].message_id if said else call_id(last.run_id, "1"),
        role="assistant",
        delta=answer,
        content=answer,
    )
