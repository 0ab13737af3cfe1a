"""How late the event loop is: a timer that says when it really ran."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

EVERY_S = 0.5


async def watch_lag(seen: Callable[[float], None]) -> None:
    """Tells twice a second, until cancelled, by how many seconds a timer was late."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        seen(max(0.0, loop.time() - due))
