"""The size of InnoDB's temporary tablespace, beside what is free on the disk where that is one volume."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.errors import OutsideFailed
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row."""
    free = await _free(context)
    return [{**row, "free": free} for row in await context.rows(context.query("size"))]


async def _free(context: Context) -> float | None:
    target = context.lanes.target
    try:
        volumes = await context.lanes.once("disk", lambda: target.metrics.rows("disk", target.instance, target.engine))
    except OutsideFailed:
        return None
    free = [row["total"] - row["used"] for row in volumes if row.get("total") and row.get("used") is not None]
    return float(free[0]) if len(free) == 1 else None
