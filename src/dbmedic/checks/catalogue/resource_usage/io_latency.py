"""How long PostgreSQL waits for one read of a data file and one flush of the log; without timing, how many wait."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """Rows of kind, ops and the seconds spent in them; or one of kind `waits` with the share of time and sessions."""
    timing = (await context.rows(context.query("timing")))[0]
    found: list[Row] = []
    if timing["reads"] == "on" or timing["log"] == "on":
        found = await context.delta(context.query("operations"), key=("kind",), counters=("ops", "spent"))
        found = [row for row in found if row["kind"] != "data read" or timing["reads"] == "on"]
    if timing["reads"] != "on":
        context.better = "the server does not time its reads, so only the sessions that wait for them are seen"
        context.better_grant = "ALTER SYSTEM SET track_io_timing = on  -- then SELECT pg_reload_conf()"
        looks = [look[0] for look in await context.looks(context.query("waits"))]
        waiting, active = (sum(int(look[name]) for look in looks) for name in ("waiting", "active"))
        share = waiting / active if active else 0.0
        found.append({"kind": "waits", "share": share, "sessions": waiting / len(looks), "confidence": "heuristic"})
    return found
