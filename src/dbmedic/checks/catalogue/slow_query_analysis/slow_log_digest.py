"""Slow statements that the server wrote down, grouped by their wording; where statistics of statements are off."""

from __future__ import annotations

from typing import Any

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row
from dbmedic.kit import statements

MAX_BYTES = 50 * 2**20
"""Of the log's table: it has no index, and is read from end to end."""


async def rows(context: Context) -> list[Row]:
    """One row per statement of the last day.  Raises `Unmeasured` where no log can be read through SQL."""
    facts = context.facts
    if facts.engine == "postgres" or "TABLE" not in facts.settings.get("log_output", "FILE").upper():
        raise Unmeasured(
            "no_log_source", "the slow log is a file on the server's host; paste or attach it to have it read"
        )
    size = (await context.rows(context.query("size")))[0]["size"]
    if size and size > MAX_BYTES:
        raise Unmeasured("no_log_source", f"the table mysql.slow_log is too large to be read: {size} bytes")
    found: dict[tuple[Any, str], Row] = {}
    for entry in await context.rows(context.query("entries"), max_rows=5000):
        text = statements.normalised(str(entry["query"]), facts.engine)
        row = found.setdefault(
            (entry["database"], text),
            {"query": text, "database": entry["database"], "calls": 0, "total_s": 0.0, "longest_s": 0.0, "examined": 0},
        )
        row["calls"] += 1
        row["total_s"] += float(entry["took_s"])
        row["longest_s"] = max(row["longest_s"], float(entry["took_s"]))
        row["examined"] += int(entry["examined"])
    whole = sum(row["total_s"] for row in found.values())
    return sorted(
        (
            {**row, "mean_s": row["total_s"] / row["calls"], "share": row["total_s"] / whole}
            for row in found.values()
            if whole
        ),
        key=lambda row: -float(row["total_s"]),
    )
