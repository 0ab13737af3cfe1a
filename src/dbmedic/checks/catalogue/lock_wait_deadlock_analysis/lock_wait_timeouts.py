"""Statements that gave up waiting for a lock, as PostgreSQL's log tells them."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import HOUR, said, usual
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row where any did."""
    found = await said(context, HOUR)
    gave_up = found.those(lambda one: one.code == "55P03")
    if not gave_up:
        return []
    row = found.row(gave_up)
    known = {"timeouts": len(gave_up), "most_min": row["per_min"], "query": usual(one.statement for one in gave_up)}
    return [row | known]
