"""How late the event loop is: by how much a timer ran too late, or how long one round of all that was ready took."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

EVERY_S = 0.5


async def watch_lag(seen: Callable[[float], None]) -> None:
    """Tells twice a second, until cancelled, by how many seconds whatever comes next is late."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        woke = loop.time()
        await asyncio.sleep(0)
        seen(max(0.0, woke - due, loop.time() - woke))
