"""How much larger tables are than their rows need, by their statistics, and what share of the disk that is."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.errors import OutsideFailed
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per large table; `disk` is the size of the only volume, None where there are several or nobody knows."""
    found = await context.everywhere(context.query("tables"))
    disk = await _disk(context) if found else None
    return [{**row, "disk": disk} for row in sorted(found, key=lambda row: -float(row["wasted"] or 0))]


async def _disk(context: Context) -> float | None:
    target = context.lanes.target
    try:
        volumes = await context.lanes.once("disk", lambda: target.metrics.rows("disk", target.instance, target.engine))
    except OutsideFailed:
        return None
    totals = [float(row["total"]) for row in volumes if row.get("total")]
    return totals[0] if len(totals) == 1 else None
