"""A plain TCP balancer in front of several servers: connections in turn, to whichever takes them; and a bad network.

Of each hundred connections some are harmed: bytes come late, not at all for a while, or never; the connection is reset,
closed in one direction, or ends in the middle of an event.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final, Literal, TypeAlias, get_args

Harm: TypeAlias = Literal["delay", "stall", "reset", "half-close", "cut", "lose"]
HARMS: Final[tuple[Harm, ...]] = get_args(Harm)
DELAY_S: Final = 0.2
STALL_S: Final = 2.0
FAR: Final = 3_000
"""Bytes of an answer within which the harm is done."""


class Balancer:
    """Knows nothing of HTTP: a server that dies takes its connections with it."""

    def __init__(self, share: float = 0.0, seed: int = 0) -> None:
        """`share` of the connections, 0..1, is harmed."""
        self.ports: list[int] = []
        self.url = ""
        self.share = share
        self.done: Counter[str] = Counter()
        """Harm that was done, by its name, and what else befell connections."""
        self._chance = random.Random(seed)
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
                harm = self._chance.choice(HARMS) if self._chance.random() < self.share else None
                await asyncio.gather(self._pipe(reader, outer, None), self._pipe(inner, writer, harm))
                break
            else:
                self.done["found nobody"] += 1
        writer.close()

    async def _pipe(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, harm: Harm | None) -> None:
        """What is read goes on until harm is done: it begins at some byte."""
        left = self._chance.randrange(FAR)
        try:
            while data := await source.read(65_536):
                if harm is not None and len(data) > left:
                    target.write(data[:left])
                    await target.drain()
                    self.done[harm] += 1
                    if not await self._goes_on(harm, target):
                        return
                    data, left, harm = data[left:], 0, None
                left -= len(data)
                target.write(data)
                await target.drain()
        except OSError:
            self.done["broken"] += 1
        finally:
            with contextlib.suppress(OSError, RuntimeError):
                target.close()

    async def _goes_on(self, harm: Harm, target: asyncio.StreamWriter) -> bool:
        """Does it; whether the connection lives on."""
        match harm:
            case "delay":
                await asyncio.sleep(self._chance.uniform(0, DELAY_S))
            case "stall":
                await asyncio.sleep(self._chance.uniform(DELAY_S, STALL_S))
            case "lose":
                await asyncio.sleep(self._chance.uniform(0, STALL_S))
            case "reset":
                sock = target.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                target.transport.abort()
            case "half-close":
                target.write_eof()
                await asyncio.sleep(DELAY_S)
            case "cut":
                pass
        return harm in ("delay", "stall")

    async def end(self) -> None:
        for task in list(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)


@contextlib.asynccontextmanager
async def balancing(share: float = 0.0, seed: int = 0) -> AsyncIterator[Balancer]:
    balancer = Balancer(share, seed)
    server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
    balancer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield balancer
    finally:
        server.close()
        await balancer.end()
