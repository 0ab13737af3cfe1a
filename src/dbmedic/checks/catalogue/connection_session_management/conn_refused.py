"""Whether PostgreSQL has a connection left for ordinary roles; whom it refused before stands only in its log."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row: the most connections of several looks, and in how many of them none was left."""
    looks = [look[0] for look in await context.looks(context.query("state"))]
    slots = int(looks[-1]["slots"])
    used = [int(look["used"]) for look in looks]
    context.better = "logins refused earlier stand only in the server's log, as 53300"
    full = sum(one >= slots for one in used)
    return [{"peak": max(used), "slots": slots, "full": full, "looks": len(looks)}]
