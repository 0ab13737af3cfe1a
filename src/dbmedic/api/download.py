"""A file as an answer: from disk in pieces, never whole in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Final

from anyio.to_thread import run_sync

from dbmedic.api.http import Header, Receive, Send
from dbmedic.api.stream import Stream

PIECE: Final = 1 << 18


class Download(Stream):
    """Sends a file that is there."""

    def __init__(
        self,
        path: Path,
        size: int,
        headers: tuple[Header, ...],
        *,
        after: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`after` is called once it was sent, or could not be."""
        self._path, self._size, self._after = path, size, after
        self.headers = headers

    async def send(self, receive: Receive, send: Send, more: tuple[Header, ...]) -> None:  # noqa: ARG002 - as Stream
        try:
            await self._sent(send, more)
        finally:
            if self._after is not None:
                await self._after()

    async def _sent(self, send: Send, more: tuple[Header, ...]) -> None:
        file: IO[bytes] = await run_sync(self._path.open, "rb")
        try:
            length = (b"content-length", str(self._size).encode())
            await send({"type": "http.response.start", "status": 200, "headers": [*self.headers, *more, length]})
            while piece := await run_sync(file.read, PIECE):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            await run_sync(file.close)
        await send({"type": "http.response.body", "body": b""})
