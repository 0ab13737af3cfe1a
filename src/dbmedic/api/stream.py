"""A stream of server-sent events to one client.

Pieces are sent as they come, each holding every frame that was ready; a client that hangs up ends the reading, never
what is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

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
        base: tuple[Header, ...] = HEADERS,
        headers: tuple[Header, ...] = (),
        ping: bytes = PING,
        ping_s: float = PING_S,
        broken: bytes = b"",
    ) -> None:
        self._pieces, self._base, self.headers = pieces, base, headers
        self._ping, self._ping_s, self._broken = ping, ping_s, broken
        self._last = 0.0
        self._gone = False

    async def send(self, receive: Receive, send: Send, more: tuple[Header, ...]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*self._base, *self.headers, *more]})
        loop, reading = asyncio.get_running_loop(), asyncio.current_task()
        assert reading is not None
        self._last = loop.time()
        watching = loop.create_task(self._watch(receive, reading))
        pinging = loop.create_task(self._pings(send))
        try:
            async for piece in self._pieces:
                self._last = loop.time()
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except asyncio.CancelledError:
            if not self._gone or reading.uncancel():
                raise
            return
        except Exception:
            logger.exception("stream broken")
            await send({"type": "http.response.body", "body": self._broken, "more_body": True})
        finally:
            watching.cancel()
            pinging.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _watch(self, receive: Receive, reading: asyncio.Task[object]) -> None:
        """Stops the reading when the client is gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        reading.cancel()

    async def _pings(self, send: Send) -> None:
        """A ping after each silence.  A piece or a ping is one write, so neither gets into the other."""
        now = asyncio.get_running_loop().time
        while True:
            if (left := self._last + self._ping_s - now()) > 0:
                await asyncio.sleep(left)
                continue
            self._last = now()
            await send({"type": "http.response.body", "body": self._ping, "more_body": True})
