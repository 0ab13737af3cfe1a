"""How many threads apply on a replica that is behind."""

from __future__ import annotations

from dbmedic.checks import replication
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """The rows of `replication.lags` with the number of workers."""
    found = await replication.lags(context)
    workers = await replication.workers(context) if found else 0
    return [{**row, "workers": workers} for row in found]
