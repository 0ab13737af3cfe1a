"""Statements of the asked time against how long they took before."""

from __future__ import annotations

from datetime import timedelta

from dbmedic.checks.context import Context
from dbmedic.checks.history_compare import statements
from dbmedic.checks.history_since import base, during
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row

LATELY = timedelta(hours=1)
ROWS = 20
FOLD = 1.2
"""Told from here on; what is a fault says the check."""


async def rows(context: Context) -> list[Row]:
    """The statements that are slower than before, the one that took most time first.

    Raises `Unmeasured("no_history")` while there is nothing to compare with.
    """
    asked, history = context.asked(LATELY), context.history
    lately = await during(history, "statements", asked.start, asked.end)
    before = await base(history, "statements", asked.start)
    if not lately or not before:
        raise Unmeasured("no_history", "statements are compared once they were sampled both before and in that time")
    found = statements(before, lately, asked.start, asked.end)
    return [
        {
            "query": one.query,
            "queryid": one.queryid,
            "database": one.database,
            "mean_s": one.mean_s,
            "before_s": one.before_s,
            "calls": round(one.calls),
            "before_calls": one.before_calls,
            "share": one.share,
            "rank": rank,
            "at": one.onset,
            "off": None if one.usual is None else min(one.usual.off(one.mean_s), 1e6),
            "rows_per_call": one.rows_per_call,
            "before_rows": one.before_rows,
            "read_per_call": one.read_per_call,
            "before_read": one.before_read,
        }
        for rank, one in enumerate(found, 1)
        if one.before_s is not None and one.mean_s >= FOLD * one.before_s
    ][:ROWS]
