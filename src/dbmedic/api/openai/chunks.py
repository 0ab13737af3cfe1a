"""A turn as chat completion: chunks of a stream, or one object.

https://platform.openai.com/docs/api-reference/chat/streaming
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

import msgspec

from dbmedic.api.openai.telling import End, Piece, Teller
from dbmedic.api.openai.wire import failed
from dbmedic.core.events import Entry
from dbmedic.core.values import Usage

DONE: Final = b"data: [DONE]\n\n"
_encode = msgspec.json.Encoder().encode


class Chunks:
    """Entries in, bytes of server-sent events out; the part before each text is rendered once."""

    def __init__(self, model: str, *, include_usage: bool) -> None:
        self._model, self._include_usage = model, include_usage
        self._teller = Teller()
        self._head = b""

    def feed(self, entries: Iterable[Entry]) -> bytes:
        parts: list[bytes] = []
        for entry in entries:
            pieces = list(self._teller.feed(entry))
            if not self._head:
                parts.append(self._begun())
            parts += map(self._delta, pieces)
        return b"".join(parts)

    def last(self) -> bytes:
        """What comes when no entry follows: the end, or that the turn waits for a person."""
        end = self._teller.end or End(Usage())
        if end.failure is not None:
            return b"data: %b\n\n%b" % (failed(*end.failure).body(), DONE)
        tail = self._usage(end.usage) if self._include_usage else b""
        reason = b'"length"' if end.cut else b'"stop"'
        return b'%b,"choices":[{"index":0,"delta":{},"finish_reason":%b}]}\n\n%b%b' % (self._head, reason, tail, DONE)

    def _begun(self) -> bytes:
        teller = self._teller
        head = {
            "id": f"chatcmpl-{teller.turn}",
            "object": "chat.completion.chunk",
            "created": teller.at,
            "model": self._model,
        }
        self._head = b"data: " + _encode(head)[:-1]
        role = b'{"role":"assistant","content":""}'
        return b'%b,"choices":[{"index":0,"delta":%b,"finish_reason":null}]}\n\n' % (self._head, role)

    def _delta(self, piece: Piece) -> bytes:
        name = b"content" if piece.kind == "answer" else b"reasoning_content"
        return b'%b,"choices":[{"index":0,"delta":{"%b":%b},"finish_reason":null}]}\n\n' % (
            self._head,
            name,
            _encode(piece.text),
        )

    def _usage(self, usage: Usage) -> bytes:
        return b'%b,"choices":[],"usage":%b}\n\n' % (self._head, _encode(tokens(usage)))


async def streamed(batches: AsyncIterator[Sequence[Entry]], chunks: Chunks) -> AsyncIterator[bytes]:
    """A turn as it comes; all chunks that are ready as one piece."""
    async for batch in batches:
        if piece := chunks.feed(batch):
            yield piece
    yield chunks.last()


def whole(entries: Iterable[Entry], model: str) -> dict[str, Any]:
    """A turn as one object; raises `Fault` when it failed."""
    teller = Teller()
    said = [piece for entry in entries for piece in teller.feed(entry)]
    end = teller.end or End(Usage())
    if end.failure is not None:
        raise failed(*end.failure)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": joined(said, "answer"),
        "refusal": None,
        "annotations": [],
    }
    if reasoning := joined(said, "reasoning"):
        message["reasoning_content"] = reasoning
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": "length" if end.cut else "stop",
    }
    return {
        "id": f"chatcmpl-{teller.turn}",
        "object": "chat.completion",
        "created": teller.at,
        "model": model,
        "choices": [choice],
        "usage": tokens(end.usage),
    }


def joined(pieces: Iterable[Piece], kind: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind == kind)


def tokens(usage: Usage) -> dict[str, int]:
    """Zeros for the analyst, which uses none."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
