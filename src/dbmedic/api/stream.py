"""A stream of server-sent events to one client.

Pieces are sent as they come, each holding every frame that was ready; a client that hangs up ends the reading, never
what is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import anyio
import structlog

from dbmedic.api.http import Header, Receive, Send
from dbmedic.kit.sse import PING

logger = structlog.get_logger("dbmedic.stream")

PING_S: Final = 10.0
"""Longest silence; proxies and clients cut streams that say nothing for longer."""
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


class Stream:
    """Sends `pieces` until they end or the client is gone; `broken` is what it hears when they fail."""

    status = 200

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        *,
        headers: tuple[Header, ...] = (),
        ping: bytes = PING,
        ping_s: float = PING_S,
        broken: bytes = b"",
    ) -> None:
        self._pieces, self.headers = pieces, headers
        self._ping, self._ping_s, self._broken = ping, ping_s, broken
        self._last = 0.0

    async def send(self, receive: Receive, send: Send, more: tuple[Header, ...]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, *self.headers, *more]})
        now = asyncio.get_running_loop().time
        self._last = now()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, receive, send, tasks.cancel_scope)
            try:
                async for piece in self._pieces:
                    self._last = now()
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except Exception:
                logger.exception("stream broken")
                await send({"type": "http.response.body", "body": self._broken, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            tasks.cancel_scope.cancel()

    async def _watch(self, receive: Receive, send: Send, reading: anyio.CancelScope) -> None:
        """Pings after each silence, and stops the reading when the client is gone."""
        now = asyncio.get_running_loop().time
        while True:
            with anyio.CancelScope(deadline=self._last + self._ping_s):
                while (await receive())["type"] != "http.disconnect":
                    pass
                reading.cancel()
                return
            if now() >= self._last + self._ping_s:
                self._last = now()
                await send({"type": "http.response.body", "body": self._ping, "more_body": True})
