"""Who makes others wait on PostgreSQL: one look, and where nobody waits for long yet, more of them over the window.

A table that is locked again and again stops everybody for a second or two at a time: one look seldom meets the worst
of it.  Queues for a row come and go as well, but those are a matter of `hot-row`.
"""

from __future__ import annotations

from collections.abc import Sequence

from dbmedic.checks.context import Context
from dbmedic.core.values import Row

STILL_S = 1.0
"""Seconds of waiting from which one look is enough."""


async def rows(context: Context) -> list[Row]:
    """One row per session, or prepared transaction, at the root of a tree of waiters."""
    sql = context.query("tree")
    first = await context.rows(sql)
    if any(float(row["longest"] or 0) >= STILL_S for row in first):
        return first
    return worst(first, await context.looks(sql))


def worst(first: Sequence[Row], looks: Sequence[Sequence[Row]]) -> list[Row]:
    """The first look, and of the others the longest wait for a whole table behind each root."""
    found = {row["root"]: row for row in first}
    for row in (row for look in looks for row in look if row["whole_table"]):
        kept = found.get(row["root"])
        if kept is None or float(row["longest"] or 0) > float(kept["longest"] or 0):
            found[row["root"]] = row
    return sorted(found.values(), key=lambda row: -int(row["blocked"]))
