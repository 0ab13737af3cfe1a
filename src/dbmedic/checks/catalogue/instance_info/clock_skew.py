"""How far the server's clock is from ours, by the quickest of a few questions."""

from __future__ import annotations

import time

from dbmedic.checks.context import Context
from dbmedic.core.values import Row

TIMES = 3


async def rows(context: Context) -> list[Row]:
    """One row: seconds apart, the seconds the answer took, and which side is ahead."""
    best: Row = {}
    for _ in range(TIMES):
        before = time.time()
        clock = float((await context.rows(context.query("clock")))[0]["clock"])
        after = time.time()
        if not best or after - before < best["trip"]:
            apart = clock - (before + after) / 2
            best = {"skew": abs(apart), "trip": after - before, "ahead": "ahead" if apart > 0 else "behind"}
    return [best]
