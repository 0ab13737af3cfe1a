"""Partitions per table of PostgreSQL and, where there are many, how many sessions wait for the lock manager."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row

MANY = 1000
"""From how many partitions on the waits are looked at."""


async def rows(context: Context) -> list[Row]:
    """One row per partitioned table."""
    found = await context.everywhere(context.query("tables"))
    contended = None
    if any(row["partitions"] >= MANY for row in found):
        looks = [row for look in await context.looks(context.query("waits")) for row in look]
        active = sum(row["active"] for row in looks)
        contended = sum(row["waiting"] for row in looks) / active if active else 0.0
    return [{**row, "contended": contended} for row in found]
