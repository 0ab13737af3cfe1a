"""The HTTP server around an ASGI application: listening, long request lines, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dbmedic.core.errors import BadField

SHORT_URL: Final = 60_000
"""Up to here httptools takes a request target apart itself; its offsets are 16 bits wide."""
LONGEST_URL: Final = 2 << 20
CLOSING_S: Final = 2
"""How long streams may take to send their last frames once their turns have ended."""


class LongTargets(HttpToolsProtocol):
    """uvicorn's protocol, which also takes targets above 64 KiB: some SDKs put all they say into the query."""

    def on_url(self, url: bytes) -> None:
        if len(self.url) + len(url) > LONGEST_URL:
            raise ValueError(f"request target over {LONGEST_URL} bytes")
        super().on_url(url)

    def on_headers_complete(self) -> None:
        if len(self.url) <= SHORT_URL:
            super().on_headers_complete()
            return
        self.url, _, query = self.url.partition(b"?")
        super().on_headers_complete()
        self.scope["query_string"] = query  # the application has not run yet: its task starts with the next loop


class Server(uvicorn.Server):
    """Ends in order: no new connections, then the work under way, then the streams that showed it."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None], drain: Callable[[], Awaitable[None]]):
        super().__init__(config)
        self._ready, self._drain = ready, drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            self._ready(address(sockets[0]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._drain()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but the signals end here: the caller goes on and exits as it likes."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {sig: signal.signal(sig, self._asked_to_end) for sig in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)

    def _asked_to_end(self, sig: int, frame: FrameType | None) -> None:
        self.handle_exit(sig, frame)


async def serve(
    app: Any,
    host: str,
    port: int,
    *,
    ready: Callable[[str], None],
    drain: Callable[[], Awaitable[None]],
    stop: asyncio.Event | None = None,
    listening: socket.socket | None = None,
) -> None:
    """Serves until SIGTERM, SIGINT or `stop`; then takes no more, awaits `drain`, and closes what is still open.

    `ready` is told the base URL once connections are taken; port 0 takes a free one.  `listening` is a socket that
    listens there already.  Raises `BadField("port")` when the address cannot be had.
    """
    listening = listening or listen(host, port)
    config = uvicorn.Config(
        app,
        http=LongTargets,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=CLOSING_S,
        timeout_keep_alive=75,
    )
    server = Server(config, ready, drain)
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(_end_when(stop, server)) if stop is not None else None
        try:
            await server.serve([listening])
        finally:
            listening.close()
            if watching is not None:
                watching.cancel()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; clients may connect from now on and wait.  Raises `BadField`."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        sock = socket.socket(family, kind)
    except OSError as error:
        raise BadField("host", f"cannot listen on {host}: {error.strerror or error}") from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind(place)
        sock.listen(2048)
    except OSError as error:
        sock.close()
        raise BadField("port", f"cannot listen on {host} port {port}: {error.strerror}") from error
    return sock


def address(sock: socket.socket) -> str:
    """The base URL that reaches a listening socket from this machine."""
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - reading it, not binding it
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _end_when(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True
