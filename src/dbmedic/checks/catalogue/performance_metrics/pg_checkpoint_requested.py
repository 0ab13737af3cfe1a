"""How soon WAL forces the next checkpoint, from how fast it is written."""

from __future__ import annotations

import math

from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row.  `every` is seconds between forced checkpoints at the present rate, None while no WAL is written."""
    sql = context.query("state")
    found = await context.delta(sql, key=("place",), counters=("now", "wal"), reset=("since",))
    return [_forecast(row, float(row["wal"]) / (context.window or 1)) for row in found]


def _forecast(row: Row, rate: float) -> Row:
    """A checkpoint is requested when the WAL since the last one, and what that one still spreads, reach the limit."""
    share = 1 + float(row["target"])
    every = float(row["limit"]) / share / rate if rate > 0 else None
    wanted = max(1, math.ceil(rate * share * float(row["timeout"]) / 2**30))
    return {**row, "rate": rate, "every": every, "wanted": f"{wanted}GB"}
