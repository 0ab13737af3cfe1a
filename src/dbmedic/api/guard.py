"""Connections that would stay for nothing: heads without end, answers that nobody takes, more than there is room for.

One look a second goes over all of them; what a request itself pays is two writes of an attribute.
"""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, NamedTuple

import structlog

from dbmedic.api.joined import Joined
from dbmedic.api.targets import LongTargets

logger = structlog.get_logger("dbmedic.connections")

LOOK_S: Final = 1.0
ALWAYS: Final = frozenset({"/health", "/ready", "/metrics"})
"""Answered as long as there is a connection."""
RESERVE: Final = 50
"""Connections above the limit that are told so; more are closed unheard."""
UNSENT_BYTES: Final = 128 << 10
"""What the kernel takes of an answer before the client has taken what was sent."""

LATE: Final = b'{"code":"request_timeout","message":"%b","status":408}\n'
FULL: Final = (
    b'{"code":"service_unavailable","message":"dbmedic has as many connections as it can hold (%d); try again in 5 s",'
    b'"status":503}\n'
)


class Patience(NamedTuple):
    """How long clients may take, and how many there may be."""

    head_s: float = 20.0
    stalled_s: float = 60.0
    connections: int = 0
    """0: no limit."""


class Door:
    """What all connections of a server share."""

    def __init__(
        self,
        patience: Patience,
        *,
        counted: Callable[[int], None] = lambda _: None,
        ended: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`counted` hears each second how many are open; `ended` why one was ended: head, stalled or full."""
        self.patience, self.counted, self.ended = patience, counted, ended

    def protocol(self) -> Callable[..., Guarded]:
        """What a server makes of each connection."""
        return partial(Guarded, self)

    async def watch(self, connections: Callable[[], Iterable[Any]]) -> None:
        """Ends, until cancelled, what stays for nothing."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_S)
            found, now = list(connections()), loop.time()
            self.counted(len(found))
            for one in found:
                one.look(now)


class Guarded(LongTargets):
    """A connection that knows since when it waits for its client."""

    def __init__(self, door: Door, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._door = door
        self._asked_at = 0.0
        """When the head that is awaited began, or was awaited; 0 while none is."""
        self._stuck: tuple[float, int] | None = None
        """Since when the client takes nothing, and how much it was to take."""
        self._trickles: tuple[float, object] | None = None
        """Since when a body goes on that was answered already, and whose."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Joined(transport))  # type: ignore[arg-type]  # as much of one as uvicorn uses
        self._asked_at = self.loop.time()
        most = self._door.patience.connections
        if most and len(self.connections) > most + RESERVE:
            self._end("full", abort=True)

    def on_message_begin(self) -> None:
        self._asked_at = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._asked_at = 0.0
        most = self._door.patience.connections
        if most and len(self.connections) > most and self.url.partition(b"?")[0].decode("latin-1") not in ALWAYS:
            self._answer(b"503 Service Unavailable", FULL % most, b"retry-after: 5\r\n")
            self._end("full")
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.transport.is_closing():
            super().on_message_complete()

    def look(self, now: float) -> None:
        """Ends what has waited too long; called once a second."""
        patience = self._door.patience
        if self._asked_at and now - self._asked_at > patience.head_s:
            if self.cycle is None or self.cycle.response_complete:
                said = b"no whole request came within %g s" % patience.head_s
                self._answer(b"408 Request Timeout", LATE % said)
                self._end("head")
            self._asked_at = 0.0
        elif waits := self.transport.get_write_buffer_size():
            left = waits + unsent(self.transport)
            if self._stuck is None or left != self._stuck[1]:
                self._stuck = (now, left)
            elif now - self._stuck[0] > patience.stalled_s:
                self._end("stalled", abort=True)
        else:
            self._stuck = None
            if self.cycle is not None and self.cycle.response_complete and self.cycle.more_body:
                if self._trickles is None or self._trickles[1] is not self.cycle:
                    self._trickles = (now, self.cycle)
                elif now - self._trickles[0] > patience.head_s:
                    self._end("head", abort=True)

    def _answer(self, status: bytes, body: bytes, more: bytes = b"") -> None:
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%bconnection: close\r\n\r\n"
        self.transport.write(head % (status, len(body), more) + body)

    def _end(self, why: str, *, abort: bool = False) -> None:
        self._door.ended(why)
        peer = self.client[0] if self.client else ""
        logger.info("connection ended", why=why, peer=peer)
        if abort:
            self.transport.abort()
        else:
            self.transport.close()


def unsent(transport: asyncio.Transport) -> int:
    """Bytes that the kernel has of an answer and the client has not taken; 0 where it does not say."""
    try:
        found = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int.from_bytes(found, sys.byteorder)
