"""A plain TCP balancer in front of several servers: connections in turn, to whichever takes them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Balancer:
    """Knows nothing of HTTP: a server that dies takes its connections with it."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.url = ""
        self.cut = 0
        """Connections that ended before they were answered to the end, or found nobody."""
        self._turn = 0
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        with contextlib.suppress(OSError):
            for _ in range(len(self.ports)):
                self._turn += 1
                port = self.ports[self._turn % len(self.ports)]
                try:
                    inner, outer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    continue
                await asyncio.gather(self._pipe(reader, outer), self._pipe(inner, writer))
                break
            else:
                self.cut += 1
        writer.close()

    async def _pipe(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
        except OSError:
            self.cut += 1
        finally:
            with contextlib.suppress(OSError, RuntimeError):
                target.close()

    async def end(self) -> None:
        for task in list(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)


@contextlib.asynccontextmanager
async def balancing() -> AsyncIterator[Balancer]:
    balancer = Balancer()
    server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
    balancer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield balancer
    finally:
        server.close()
        await balancer.end()
