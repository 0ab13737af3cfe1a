"""A file as an answer: from disk in pieces, never whole in memory; all of it, or the part that was asked for."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Final, NamedTuple

from anyio.to_thread import run_sync

from dbmedic.api.http import Header, Receive, Send
from dbmedic.api.stream import Stream

PIECE: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Span(NamedTuple):
    """Bytes of a file: from the first to before the last."""

    begin: int
    end: int


def span(asked: str | None, size: int) -> Span | None:
    """The part that a `Range` header asks for; None for all, also where it asks for what we do not do.  Pure.

    Raises `ValueError` when there are no such bytes: RFC 9110, 14.1.2.
    """
    found = _RANGE.fullmatch((asked or "").replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    begin = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if begin >= end:
        raise ValueError("no such bytes")
    return Span(begin, end)


class Download(Stream):
    """Sends a file that is there."""

    def __init__(
        self,
        path: Path,
        size: int,
        headers: tuple[Header, ...],
        *,
        part: Span | None = None,
        after: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`part`: what of it is sent, None is all.  `after` is called once it was sent, or could not be."""
        self._path, self._size, self._part, self._after = path, size, part, after
        self.headers = headers
        self.status = 200 if part is None else 206

    async def send(self, receive: Receive, send: Send, more: tuple[Header, ...]) -> None:  # noqa: ARG002 - as Stream
        try:
            await self._sent(send, more)
        finally:
            if self._after is not None:
                await self._after()

    async def _sent(self, send: Send, more: tuple[Header, ...]) -> None:
        file: IO[bytes] = await run_sync(self._path.open, "rb")
        try:
            begin, end = self._part or (0, self._size)
            extent = [(b"content-length", str(end - begin).encode())]
            if self._part is not None:
                extent.append((b"content-range", f"bytes {begin}-{end - 1}/{self._size}".encode()))
                await run_sync(file.seek, begin)
            head = [*self.headers, *more, *extent]
            await send({"type": "http.response.start", "status": self.status, "headers": head})
            while begin < end and (piece := await run_sync(file.read, min(PIECE, end - begin))):
                begin += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            await run_sync(file.close)
        await send({"type": "http.response.body", "body": b""})
