"""The statements by how often they run, and by how many sessions: a loop is the work of few."""

from __future__ import annotations

from dbmedic.checks import workload
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


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
        }
        for row in load
        if sessions[row["queryid"]]
    ]
