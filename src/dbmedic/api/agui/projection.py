"""What a turn says, as events of AG-UI: the same for live and for kept events.  Pure.

Every start has its end, what was thought and what is answered are messages of their own, and nothing follows the end of
a run.  A change that waits for a person ends the run with an interrupt; the run that carries the decision goes on.
https://docs.ag-ui.com/spec/1.0/events
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from dbmedic.assistant.approvals import approval_id
from dbmedic.core.events import (
    AnswerDelta,
    Answered,
    AnswerGrew,
    ApprovalDecided,
    ApprovalRequested,
    Entry,
    ModelFailed,
    Thought,
    ThoughtDelta,
    ThoughtGrew,
    ToolCalled,
    ToolReturned,
    TurnClosed,
    TurnFailed,
    TurnOpened,
)
from dbmedic.core.values import Usage

VERSION: Final = "1.0"
RESULT_CHARS: Final = 16_000
ANSWER: Final = ("TEXT_MESSAGE", "assistant")
THOUGHT: Final = ("REASONING_MESSAGE", "reasoning")
SCHEMA: Final = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "comment": {"type": "string"}},
    "required": ["approved"],
    "additionalProperties": False,
}
_ENDS: Final = {
    "failed": "The turn failed.",
    "interrupted": "The server ended in the middle of this turn; what was said until then is kept.",
}
Event = dict[str, Any]


class Projection:
    """Feed it the entries of one turn in order; the first `before` of them were told in an earlier run."""

    def __init__(self, thread: str, run: str, before: int = 0) -> None:
        self._ids = {"threadId": thread, "runId": run}
        self._before, self._fed = before, 0
        self._turn = ""
        self._heard = {ANSWER: _Once(), THOUGHT: _Once()}
        self._open: tuple[tuple[str, str], str] | None = None
        """Kind and id of the message under way."""
        self._messages = 0
        self._failure: tuple[str, str] | None = None
        self._waiting: dict[str, ApprovalRequested] = {}
        self._grants: dict[str, set[str]] = {}
        self.closed: TurnClosed | None = None

    @property
    def paused(self) -> bool:
        """Whether a person must speak first."""
        return self.closed is None and bool(self._waiting)

    def begin(self) -> Event:
        return {"type": "RUN_STARTED", **self._ids, "protocolVersion": VERSION}

    def feed(self, entry: Entry) -> Iterator[Event]:
        self._fed += 1
        told = list(self._events(entry))
        if self._fed > self._before:
            yield from told
        elif self._fed == self._before:
            self._open = None

    def end(self) -> Iterator[Event]:
        """What comes last: how the run ended, or what it waits for."""
        yield from self._end_message()
        closed, reason = self.closed, self.closed.reason if self.closed else ""
        if reason in _ENDS:
            code, sentence = self._failure or (reason, _ENDS[reason])
            yield {"type": "RUN_ERROR", "message": sentence, "code": code}
            return
        finished: Event = {"type": "RUN_FINISHED", **self._ids}
        if self.paused:
            asked = [self._interrupt(one) for one in self._waiting.values()]
            finished["outcome"] = {"type": "interrupt", "interrupts": asked}
        elif reason in ("stopped", "expired"):
            finished["outcome"] = {"type": "cancelled"}
        else:
            finished |= {"outcome": {"type": "success"}, "result": {"turn": self._turn, "reason": reason}}
        if closed is not None and closed.usage.prompt_tokens + closed.usage.completion_tokens:
            finished["usage"] = [_tokens(closed.usage)]
        yield finished

    def _events(self, entry: Entry) -> Iterator[Event]:
        event = entry.event
        match event:
            case AnswerDelta(reply=reply, text=text):
                yield from self._said(ANSWER, reply, None, text)
            case AnswerGrew(reply=reply, start=start, text=text):
                yield from self._said(ANSWER, reply, start, text)
            case Answered(reply=reply, text=text):
                yield from self._said(ANSWER, reply, 0, text)
                yield from self._end_message()
            case ThoughtDelta(reply=reply, text=text):
                yield from self._said(THOUGHT, reply, None, text)
            case ThoughtGrew(reply=reply, start=start, text=text):
                yield from self._said(THOUGHT, reply, start, text)
            case Thought(reply=reply, text=text):
                yield from self._said(THOUGHT, reply, 0, text)
            case TurnOpened(turn=turn):
                self._turn = turn
            case ToolCalled():
                yield from self._called(event)
            case ToolReturned():
                self._waiting.pop(event.call, None)
                yield from self._end_message()
                yield self._returned(event)
            case ApprovalRequested(waits=True):
                self._waiting[event.call] = event
            case ApprovalDecided():
                self._decided(event)
            case ModelFailed(code=code, sentence=sentence, will_retry=False):
                self._failure = (code, sentence)
            case TurnFailed(code=code, sentence=sentence):
                self._failure = (code, sentence)
            case TurnClosed():
                self.closed = event
            case _:
                pass

    def _said(self, kind: tuple[str, str], reply: int, start: int | None, text: str) -> Iterator[Event]:
        fresh, anew = self._heard[kind].rest(reply, start, text)
        if not fresh:
            return
        if self._open is None or self._open[0] != kind or anew:
            yield from self._end_message()
            self._messages += 1
            id = f"{self._turn}-{reply}" if kind == ANSWER and anew else f"{self._turn}-{reply}-{self._messages}"
            self._open = (kind, id)
            if kind == THOUGHT:
                yield {"type": "REASONING_START", "messageId": id}
            yield {"type": f"{kind[0]}_START", "messageId": id, "role": kind[1]}
        yield {"type": f"{kind[0]}_CONTENT", "messageId": self._open[1], "delta": fresh}

    def _end_message(self) -> Iterator[Event]:
        if self._open is not None:
            kind, id = self._open
            self._open = None
            yield {"type": f"{kind[0]}_END", "messageId": id}
            if kind == THOUGHT:
                yield {"type": "REASONING_END", "messageId": id}

    def _called(self, event: ToolCalled) -> Iterator[Event]:
        yield from self._end_message()
        id = approval_id(self._turn, event.call)
        parent = f"{self._turn}-{event.reply}"
        yield {"type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": event.tool, "parentMessageId": parent}
        yield {"type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": msgspec.json.encode(event.args).decode()}
        yield {"type": "TOOL_CALL_END", "toolCallId": id}

    def _returned(self, event: ToolReturned) -> Event:
        id, content = approval_id(self._turn, event.call), event.content
        if len(content) > RESULT_CHARS:
            content = f"{content[:RESULT_CHARS]}\n… {len(content) - RESULT_CHARS} more characters left out"
        said = {"messageId": f"{id}-result", "toolCallId": id, "content": content, "role": "tool"}
        return {"type": "TOOL_CALL_RESULT", **said}

    def _decided(self, event: ApprovalDecided) -> None:
        asked = self._waiting.get(event.call)
        if asked is None:
            return
        grants = self._grants.setdefault(event.call, set())
        if event.granted:
            grants.add(event.by)
        if not event.granted or len(grants) >= asked.approvers:
            del self._waiting[event.call]

    def _interrupt(self, asked: ApprovalRequested) -> Event:
        id = approval_id(self._turn, asked.call)
        return {
            "id": id,
            "reason": "tool_call",
            "message": f"{asked.description}\n\nOn {asked.instance}: {asked.statement}\n\nRisk: {asked.risk}",
            "toolCallId": id,
            "responseSchema": SCHEMA,
            "expiresAt": asked.until.isoformat(),
            "metadata": {
                "instance": asked.instance, "database": asked.database, "role": asked.role, "kind": asked.kind,
                "statement": asked.statement, "description": asked.description, "risk": asked.risk,
                "rollback": asked.rollback, "dangerous": asked.dangerous,
            },
        }  # fmt: skip


def _tokens(usage: Usage) -> dict[str, int]:
    total = usage.prompt_tokens + usage.completion_tokens
    return {"inputTokens": usage.prompt_tokens, "outputTokens": usage.completion_tokens, "totalTokens": total}


class _Once:
    """Text that comes as deltas, is repeated from time to time and comes whole at the end: each part once."""

    def __init__(self) -> None:
        self._reply = self._heard = 0

    def rest(self, reply: int, start: int | None, text: str) -> tuple[str, bool]:
        """What was not heard yet, and whether it is the first of its reply."""
        if reply != self._reply:
            self._reply, self._heard = reply, 0
        fresh = text if start is None else text[max(0, self._heard - start) :]
        anew = not self._heard
        self._heard += len(fresh)
        return fresh, anew
