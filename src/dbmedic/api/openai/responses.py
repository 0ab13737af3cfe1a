"""A turn as response: the events of a stream, or one object.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from dbmedic.api.openai.chunks import joined
from dbmedic.api.openai.telling import Piece, Teller
from dbmedic.core.events import Entry
from dbmedic.core.values import Usage
from dbmedic.kit.sse import frame

_encode = msgspec.json.Encoder().encode


class Shape(msgspec.Struct, frozen=True):
    """What a request said that its response repeats."""

    model: str
    previous: str | None = None
    instructions: str | None = None
    metadata: dict[str, Any] = {}


def response(teller: Teller, said: Sequence[Piece], shape: Shape, *, open_: bool = False) -> dict[str, Any]:
    """The response object, whether it goes on (`open_`) or has ended."""
    end = teller.end
    failure = end.failure if end else None
    cut = end is not None and end.cut
    status = "in_progress" if open_ else "failed" if failure else "incomplete" if cut else "completed"
    usage = None if open_ else spent(end.usage if end else Usage())
    return {
        "id": f"resp_{teller.turn}",
        "object": "response",
        "created_at": teller.at,
        "status": status,
        "background": False,
        "error": {"code": "server_error", "message": failure[1]} if failure else None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": shape.instructions,
        "max_output_tokens": None,
        "model": shape.model,
        "output": [] if open_ else output(teller.turn, said, status),
        "parallel_tool_calls": True,
        "previous_response_id": shape.previous,
        "reasoning": {"effort": None, "summary": None},
        "store": True,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "truncation": "disabled",
        "usage": usage,
        "user": None,
        "metadata": shape.metadata,
    }


def output(turn: str, said: Sequence[Piece], status: str) -> list[dict[str, Any]]:
    """The answer, known by its place from the first word on; then what was thought and done on the way."""
    found = [message(turn, joined(said, "answer"), "completed" if status == "completed" else "incomplete")]
    if reasoning := joined(said, "reasoning"):
        summary = [{"type": "summary_text", "text": reasoning}]
        found.append({"id": f"rs_{turn}", "type": "reasoning", "summary": summary})
    return found


def message(turn: str, text: str, status: str) -> dict[str, Any]:
    content = [] if status == "in_progress" else [part(text)]
    return {"id": f"msg_{turn}", "type": "message", "status": status, "role": "assistant", "content": content}


def part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def spent(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def whole(entries: Iterable[Entry], shape: Shape) -> dict[str, Any]:
    """A turn as one object; one that still runs, or waits for a person, is in progress."""
    teller = Teller()
    said = [piece for entry in entries for piece in teller.feed(entry)]
    return response(teller, said, shape)


class Events:
    """Entries in, events of the stream out.  The answer is the first output item, what led to it comes at the end."""

    def __init__(self, shape: Shape) -> None:
        self._shape, self._teller = shape, Teller()
        self._said: list[Piece] = []
        self._number = 0
        self._begun = self._open = False

    def feed(self, entries: Iterable[Entry]) -> bytes:
        parts: list[bytes] = []
        for entry in entries:
            pieces = list(self._teller.feed(entry))
            if not self._begun and self._teller.turn:
                self._begun = True
                begun = response(self._teller, (), self._shape, open_=True)
                parts += [self._event("response.created", response=begun)]
                parts += [self._event("response.in_progress", response=begun)]
            for piece in pieces:
                self._said.append(piece)
                if piece.kind == "answer":
                    parts += self._delta(piece.text)
        return b"".join(parts)

    def last(self) -> bytes:
        """What comes when no entry follows."""
        teller = self._teller
        whole_ = response(teller, self._said, self._shape)
        status = whole_["status"]
        if status == "failed":
            return b"".join([*self._closed("incomplete"), self._event("response.failed", response=whole_)])
        if not self._open:
            self._said.append(Piece("answer", ""))
            return b"".join(
                [*self._delta(""), *self._closed("completed"), self._event(f"response.{status}", response=whole_)]
            )
        return b"".join([*self._closed("completed"), self._event(f"response.{status}", response=whole_)])

    @property
    def _item(self) -> str:
        return f"msg_{self._teller.turn}"

    def _delta(self, text: str) -> Iterator[bytes]:
        if not self._open:
            self._open = True
            item = message(self._teller.turn, "", "in_progress")
            yield self._event("response.output_item.added", output_index=0, item=item)
            yield self._event(
                "response.content_part.added", item_id=self._item, output_index=0, content_index=0, part=part("")
            )
        if text:
            yield self._event(
                "response.output_text.delta",
                item_id=self._item, output_index=0, content_index=0, delta=text, logprobs=[],
            )  # fmt: skip

    def _closed(self, status: str) -> Iterator[bytes]:
        if not self._open:
            return
        text, item = joined(self._said, "answer"), self._item
        place = {"item_id": item, "output_index": 0, "content_index": 0}
        yield self._event("response.output_text.done", **place, text=text, logprobs=[])
        yield self._event("response.content_part.done", **place, part=part(text))
        done = message(self._teller.turn, text, status)
        yield self._event("response.output_item.done", output_index=0, item=done)

    def _event(self, kind: str, **fields: Any) -> bytes:
        data = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return frame(_encode(data), event=kind)


async def streamed(batches: AsyncIterator[Sequence[Entry]], events: Events) -> AsyncIterator[bytes]:
    """A turn as it comes."""
    async for batch in batches:
        if piece := events.feed(batch):
            yield piece
    yield events.last()
