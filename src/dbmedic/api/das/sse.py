"""What a turn says, as frames of GetDasAgentSSE, the oldest of the agent operations.  Pure.

The names of events are our own choice: the reference has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from msgspec import Struct

from dbmedic.api.aliyun_reply import cut, pieces
from dbmedic.api.aliyun_turn import Failing, Growing, approval_text, listed
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

ERROR_CODE = -1810000
"""`Metadata.Code` of every error: the field is a number."""
PARAM_CHARS = 1000


class Metadata(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="pascal"):
    char_count: int | None = None
    code: int | None = None
    request_id: str = ""
    tool_name: str | None = None
    tool_params: list[str] | None = None


class Frame(Struct, frozen=True, kw_only=True, rename="pascal"):
    id: str
    """Session id."""
    answer: str
    event: str
    metadata: Metadata


class Projection:
    """Feed it the entries of one turn in order; frames come out."""

    def __init__(self, session: str = "", request_id: str = "") -> None:
        self._session, self._request = session, request_id
        self._text, self._failing = Growing(), Failing()
        self._chars = 0
        self._ended = False

    def feed(self, entry: Entry) -> Iterator[Frame]:
        event = entry.event
        match event:
            case TurnOpened():
                self._session = self._session or event.conversation
                yield self._frame("message", "", Metadata(char_count=0, request_id=self._request))
            case TurnResumed():
                self._ended = False
            case AnswerDelta(reply=reply, text=text):
                yield from self._said(self._text.rest(reply, None, text))
            case AnswerGrew(reply=reply, start=start, text=text):
                yield from self._said(self._text.rest(reply, start, text))
            case Answered(reply=reply, text=text):
                yield from self._said(self._text.rest(reply, 0, text))
            case ToolCalled(tool=tool, args=args):
                params = [cut(text, PARAM_CHARS) for text in listed(args)[:100]]
                yield self._frame(
                    "tool_call", "", Metadata(request_id=self._request, tool_name=tool, tool_params=params)
                )
            case ApprovalRequested():
                yield from self._said(approval_text(event, entry.turn))
            case ModelFailed() | TurnFailed():
                self._failing.heard(event)
            case TurnClosed():
                if failure := self._failing.closed(event):
                    metadata = Metadata(code=ERROR_CODE, request_id=self._request)
                    yield self._frame("error", "{}: {}".format(*failure), metadata)
                yield from self.end()
            case (
                ModelCalled() | ModelReplied() | Measured() | Checked() | Found() | Skipped() | Cited()
                | ToolReturned() | ApprovalDecided() | Thought() | ThoughtDelta() | ThoughtGrew() | StopRequested()
            ):  # fmt: skip
                pass
            case _:
                assert_never(event)

    def end(self) -> Iterator[Frame]:
        """The last frame, once: also when the turn pauses for a person."""
        if not self._ended:
            self._ended = True
            yield self._frame("message_end", "", Metadata(char_count=self._chars, request_id=self._request))

    def _said(self, text: str) -> Iterator[Frame]:
        self._chars += len(text)
        for piece in pieces(text):
            yield self._frame("message", piece, Metadata(char_count=len(piece), request_id=self._request))

    def _frame(self, event: str, answer: str, metadata: Metadata) -> Frame:
        return Frame(id=self._session, answer=answer, event=event, metadata=metadata)


def whole(frames: Iterable[Frame]) -> Frame:
    """One object for the whole turn; a failed one is its error."""
    heard = list(frames)
    failed = next((frame for frame in heard if frame.event == "error"), None)
    if failed is not None:
        return failed
    answer = "".join(frame.answer for frame in heard)
    metadata = Metadata(char_count=len(answer), request_id=heard[-1].metadata.request_id)
    return Frame(id=heard[-1].id, answer=answer, event="message", metadata=metadata)
