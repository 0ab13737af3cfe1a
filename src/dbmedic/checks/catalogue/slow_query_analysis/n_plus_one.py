"""The statements by how often they run, and by how many sessions: a loop is the work of few."""

from __future__ import annotations

from collections.abc import Sequence

from dbmedic.checks import workload
from dbmedic.checks.context import Context
from dbmedic.core.values import Row

MANY = 10
"""Rows at once from which a list is one that a loop goes over."""
NEAR = 1.3
"""By how much the calls may differ from the rows that they are for: a window cuts pages at both ends."""


async def rows(context: Context) -> list[Row]:
    """One row per statement that was counted; `each` is its rate per session whose last statement it was."""
    load = [row for row in await workload.statements(context) if row["calls"] and not row["ever"]]
    window, calls = context.window or 1, sum(row["calls"] for row in load)
    if not load:
        return []
    spread = {row["queryid"]: int(row["sessions"]) for row in await context.rows(context.query("spread"))}
    sessions = {row["queryid"]: spread.get(row["queryid"], spread.get("any", 0)) for row in load}
    return [
        {
            **row,
            "part": row["calls"] / calls,
            "returned": (row["rows"] or 0) / row["calls"],
            "per_s": row["calls"] / window,
            "sessions": sessions[row["queryid"]],
            "each": row["calls"] / window / sessions[row["queryid"]],
            "parent": _followed(row, load),
        }
        for row in load
        if sessions[row["queryid"]]
    ]


def _followed(row: Row, load: Sequence[Row]) -> str | None:
    """The statement of the same database whose rows are as many as the calls of this one."""
    lists = [
        one for one in load
        if one["database"] == row["database"] and (one["rows"] or 0) >= MANY * one["calls"]
        and one["calls"] * MANY <= row["calls"] and 1 / NEAR <= one["rows"] / row["calls"] <= NEAR
    ]  # fmt: skip
    return str(lists[0]["query"]) if lists else None
