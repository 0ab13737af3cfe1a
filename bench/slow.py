"""Many slow streams at once: how evenly words come, what one costs, how much memory a stream holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from client import Client, Target


class Slow(NamedTuple):
    """So many streams: seconds between two pieces at the median and at the 99th of 100, processor time a word."""

    streams: int
    words: int
    gap_s: float
    gap99_s: float
    cpu_s: float
    memory_mib: float
    """Resident while all are open."""


class Timed(Client):
    """Notes when each piece of an answer came."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.came: list[float] = []

    def data_received(self, data: bytes) -> None:
        if self.first_s >= 0:
            self.came.append(time.perf_counter())
        super().data_received(data)


async def slow(
    target: Target, streams: int, words: int, pace_ms: int, spent: Callable[[], float], resident: Callable[[], float]
) -> Slow:
    """Opens the streams, one a millisecond at most, and reads them to their ends; raises what a client raises."""
    loop = asyncio.get_running_loop()
    request = target.request(f"tokens={words} pace_ms={pace_ms}")
    clients: list[Timed] = []
    for _ in range(streams):
        made: Timed
        _, made = await loop.create_connection(lambda: Timed(target), "127.0.0.1", target.port)
        clients.append(made)
    before = spent()
    asked = []
    for client in clients:
        asked.append(client.ask(request))
        await asyncio.sleep(0.0005)
    await asyncio.sleep(words * pace_ms / 3000)
    memory = resident()
    await asyncio.gather(*asked)
    used = spent() - before
    for client in clients:
        client.transport.close()
    # The last pieces of an answer are its end, not its words.
    gaps = sorted(
        later - earlier
        for client in clients
        for earlier, later in zip(client.came[:-2], client.came[1:-1], strict=False)
    )
    total = streams * words
    return Slow(streams, total, gaps[len(gaps) // 2], gaps[len(gaps) * 99 // 100], used / total, memory)
