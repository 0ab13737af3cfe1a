"""Tables of InnoDB whose statistics are old, because the table or the server keeps InnoDB from renewing them."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """A row per table of which at least a tenth has changed and that is not renewed by itself."""
    found = await context.rows(context.query("changed"))
    return [row for row in found if not (row["renewed"] and await _renews(context, row))]


async def _renews(context: Context, row: Row) -> bool:
    """Whether the table leaves it to the server; one that is gone does."""
    place = {"schema": row["schema"], "table": row["table"]}
    options = await context.rows(context.query("options"), place)
    return "stats_auto_recalc=0" not in "".join(str(one["options"]) for one in options).lower()
