"""Who holds temporary files now, against the space that is left."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.errors import OutsideFailed
from dbmedic.core.values import Row

SMALL = 64 * 2**20
"""Bytes that need no comparison."""


async def rows(context: Context) -> list[Row]:
    """A row per holder, the largest first, with the bytes `free` on the smallest volume that is known.

    Raises `Unmeasured` when much is held and no source knows the disk.
    """
    held = [row for row in await context.rows(context.query("held")) if row["held"]]
    if not held:
        return []
    try:
        disks = await context.lanes.host("disk")
    except OutsideFailed:
        if max(int(row["held"]) for row in held) > SMALL:
            raise
        return [{**row, "free": None} for row in held]
    named = [row for row in disks if "temporary" in str(row.get("holds", ""))]
    free = min(_free(row) for row in named or disks)
    return [{**row, "free": free} for row in held]


def _free(row: Row) -> int:
    return int(row["free"] if row.get("free") is not None else row["total"] - row["used"])
