"""A stream of server-sent events to one client.

Pieces are sent as they come, each holding every frame that was ready; a client that hangs up ends the reading, never
what is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Final

import structlog

from dbmedic.api.http import Header, Receive, Send
from dbmedic.kit.sse import PING

logger = structlog.get_logger("dbmedic.stream")

PING_S: Final = 10.0
"""Longest silence; proxies and clients cut streams that say nothing for longer."""
WATCH_S: Final = 0.2
"""A client that leaves within this time is noticed after it."""
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


class Last(bytes):
    """The piece of a stream behind which nothing comes: it ends the answer in one write."""


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
        self._gone = self._over = False
        self._timer: asyncio.TimerHandle | None = None
        self._beside: set[asyncio.Task[None]] = set()

    async def send(self, receive: Receive, send: Send, more: tuple[Header, ...]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*self._base, *self.headers, *more]})
        loop, reading = asyncio.get_running_loop(), asyncio.current_task()
        assert reading is not None
        self._last = loop.time()
        self._timer = loop.call_later(min(WATCH_S, self._ping_s), self._begin, receive, send, reading)
        try:
            async for piece in self._pieces:
                self._last = loop.time()
                self._over = type(piece) is Last
                await send({"type": "http.response.body", "body": piece, "more_body": not self._over})
        except asyncio.CancelledError:
            if not self._gone or reading.uncancel():
                raise
            return
        except Exception:
            logger.exception("stream broken")
            if not self._over:
                await send({"type": "http.response.body", "body": self._broken, "more_body": True})
        finally:
            self._timer.cancel()
            for task in self._beside:
                task.cancel()
        if not self._over:
            await send({"type": "http.response.body", "body": b""})

    def _begin(self, receive: Receive, send: Send, reading: asyncio.Task[object]) -> None:
        """What a stream needs that is not over at once: most are, and two tasks for each would cost more than it."""
        self._start(self._watch(receive, reading))
        self._beat(send)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _watch(self, receive: Receive, reading: asyncio.Task[object]) -> None:
        """Stops the reading when the client is gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        if not self._over:
            self._gone = True
            reading.cancel()

    def _beat(self, send: Send) -> None:
        """A ping after each silence.  A piece or a ping is one write, so neither gets into the other."""
        loop = asyncio.get_running_loop()
        if (left := self._last + self._ping_s - loop.time()) <= 0:
            self._last = loop.time()
            if len(self._beside) < 2:  # a client that does not read is owed one ping, not one after another
                self._start(self._pinged(send))
            left = self._ping_s
        self._timer = loop.call_later(left, self._beat, send)

    async def _pinged(self, send: Send) -> None:
        if not self._over:
            await send({"type": "http.response.body", "body": self._ping, "more_body": True})
