"""Server-sent events in both directions: our APIs write them, our model adapter reads them.

Bytes in, bytes out: no socket, no JSON, no decoding of what an event carries.  The format is that of
https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

from typing import Final, NamedTuple

PING: Final = b"event: ping\n\n"
"""A keep-alive that clients see as an event without data."""
COMMENT: Final = b": keep-alive\n\n"
"""A keep-alive that clients do not see."""


def frame(data: bytes, *, id: str | int | None = None, event: str | None = None) -> bytes:
    """One event on the wire: `data: …` and a blank line, before it `event:` and `id:` where they are given.

    Data of several lines becomes several `data:` lines, so that a reader gets it back whole.
    """
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
    if id is None and event is None:
        return b"data: %b\n\n" % data
    head = b"" if event is None else f"event: {event}\n".encode()
    if id is not None:
        head += f"id: {id}\n".encode()
    return b"%bdata: %b\n\n" % (head, data)


class Sent(NamedTuple):
    """One event as it was sent."""

    event: str
    """Its type, "message" where none was named."""
    data: bytes
    """UTF-8; lines joined by a line feed."""
    id: str
    """The last id named so far in the stream, or ""."""


class Reader:
    """Bytes of a stream, in pieces of any size, to events.

    An event without data is not an event (a bare `event: ping`, comments).  `retry:` is not ours to follow.
    Raises OverflowError when one event grows over `limit` bytes.
    """

    __slots__ = ("_id", "_limit", "_skip_lf", "_started", "_waiting", "_waiting_size")

    def __init__(self, limit: int = 16 << 20) -> None:
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._id = ""
        self._limit = limit
        self._skip_lf = False
        self._started = False

    def feed(self, chunk: bytes) -> list[Sent]:
        """The events that are complete with this piece."""
        return [event for block in self._blocks(chunk) if (event := self._event(block)) is not None]

    def data(self, chunk: bytes) -> list[bytes]:
        """What these events carry, for whoever needs no more of them."""
        found: list[bytes] = []
        for block in self._blocks(chunk):
            if block.startswith(b"data: ") and b"\n" not in block:
                found.append(block[6:])
            elif (event := self._event(block)) is not None:
                found.append(event.data)
        return found

    def _blocks(self, chunk: bytes) -> list[bytes]:
        """The whole events, with the lines they had."""
        if not self._started:
            chunk = self._without_mark(chunk)
        if self._skip_lf or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        waiting = self._waiting
        if b"\n\n" not in chunk and not (waiting and chunk[:1] == b"\n" and waiting[-1][-1:] == b"\n"):
            if chunk:
                waiting.append(chunk)
                self._waiting_size += len(chunk)
                if self._waiting_size > self._limit:
                    raise OverflowError(f"an event of a stream is over {self._limit} bytes")
            return []
        if waiting:
            waiting.append(chunk)
            chunk = b"".join(waiting)
            waiting.clear()
        *blocks, rest = chunk.split(b"\n\n")
        self._waiting_size = len(rest)
        if rest:
            waiting.append(rest)
        return blocks

    def end(self) -> list[Sent]:
        """What stands unfinished when the stream ends: some servers leave out the last blank line."""
        return self.feed(b"\n\n")

    def _event(self, block: bytes) -> Sent | None:
        lines: list[bytes] = []
        name = ""
        for line in block.split(b"\n"):
            field, _, value = line.partition(b":")
            if value.startswith(b" "):
                value = value[1:]
            if field == b"data":
                lines.append(value)
            elif field == b"event":
                name = value.decode("utf-8", "replace")
            elif field == b"id" and b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        return Sent(name or "message", b"\n".join(lines), self._id) if lines else None

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """CR and CRLF become LF; a CR at the end of one piece may be the first half of a CRLF."""
        if self._skip_lf and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._skip_lf = False
        if chunk.endswith(b"\r"):
            self._skip_lf = True
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _without_mark(self, chunk: bytes) -> bytes:
        """A byte order mark may open the stream, and may itself come in pieces."""
        mark = b"\xef\xbb\xbf"
        head = b"".join(self._waiting) + chunk
        if len(head) < len(mark) and mark.startswith(head):
            self._waiting = [head] if head else []
            return b""
        self._waiting.clear()
        self._started = True
        return head.removeprefix(mark)
