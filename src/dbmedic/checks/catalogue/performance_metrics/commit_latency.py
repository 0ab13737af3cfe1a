"""How much of the active sessions' time goes into waiting for a commit to return."""

from __future__ import annotations

from collections import Counter

from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """A row per thing that commits wait for: waiting and all_active are sums over `looks`."""
    looks = await context.looks(context.query("waits"))
    hits: Counter[str] = Counter()
    for look in looks:
        for row in look:
            hits[str(row["event"])] += int(row["hits"])
    whole = sum(hits.values())
    return [
        {"event": event, "waiting": waiting, "all_active": whole, "looks": len(looks)}
        for event, waiting in hits.items()
        if event
    ]
