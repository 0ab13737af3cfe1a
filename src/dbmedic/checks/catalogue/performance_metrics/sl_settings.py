"""Settings of an SQLite file, and how much of the time a writer holds it."""

from __future__ import annotations

from dbmedic.checks.catalogue.lock_wait_deadlock_analysis.sl_busy import watched
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row.  Raises `Unmeasured` where nothing tells who holds locks."""
    seen = await context.lanes.once("locks of the file", lambda: watched(context))
    held = max((row["held"] for row in seen), default=0.0)
    return [row | {"held": held} for row in await context.rows(context.query("settings"))]
