"""Transactions, statements or commands a second, against the usual of this time."""

from __future__ import annotations

from datetime import timedelta

from dbmedic.checks.context import Context
from dbmedic.checks.history_changes import onset
from dbmedic.checks.history_compare import usual
from dbmedic.checks.history_since import base, during
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row

LATELY = timedelta(minutes=15)
NAMES = {"postgres": "transactions", "redis": "commands"}


async def rows(context: Context) -> list[Row]:
    """One row.  Raises `Unmeasured("no_history")` while nobody knows what is usual."""
    asked, history = context.asked(LATELY), context.history
    lately = await during(history, "vitals", asked.start, asked.end)
    seen = [one for one in lately if "throughput" in one.values and one.window_s > 0]
    before = await base(history, "vitals", asked.start)
    values = [(one.at, one.values["throughput"][0]) for one in before if "throughput" in one.values]
    normal = usual(values, asked.start, asked.end)
    if not seen or normal is None:
        raise Unmeasured("no_history", "what is usual at this time is known after a few hours of samples")
    now = sum(one.values["throughput"][0] * one.window_s for one in seen) / sum(one.window_s for one in seen)
    return [
        {
            "name": NAMES.get(context.facts.engine, "statements"),
            "now": now,
            "usual": normal.median,
            "off": min(normal.off(now), 1e6),
            "samples": normal.samples,
            "basis": normal.basis,
            "at": onset(seen, "throughput", normal),
        }
    ]
