"""The HTTP server around an ASGI application: listening, an orderly end."""

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

from dbmedic.api.guard import UNSENT_BYTES, Door, Patience
from dbmedic.core.errors import BadField

CLOSING_S: Final = 2
"""How long streams may take to send their last frames once their turns have ended."""


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
        for connection in list(self.server_state.connections):  # of clients that do not read the end of their answer
            connection.transport.abort()

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
    door: Door | None = None,
) -> None:
    """Serves until SIGTERM, SIGINT or `stop`; then takes no more, awaits `drain`, and closes what is still open.

    `ready` is told the base URL once connections are taken; port 0 takes a free one.  `listening` is a socket that
    listens there already; `door` ends connections that stay for nothing.  Raises `BadField("port")` when the address
    cannot be had.
    """
    listening = listening or listen(host, port)
    door = door or Door(Patience())
    config = uvicorn.Config(
        app,
        http=door.protocol(),  # type: ignore[arg-type]  # whatever makes one
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
        beside = [tasks.create_task(door.watch(lambda: server.server_state.connections))]
        if stop is not None:
            beside.append(tasks.create_task(_end_when(stop, server)))
        try:
            await server.serve([listening])
        finally:
            listening.close()
            for task in beside:
                task.cancel()


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
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections have it from the socket that listens
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
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
