"""How many threads apply on a replica that is behind, and whether more of them would help."""

from __future__ import annotations

from dbmedic.checks import replication
from dbmedic.checks.catalogue.high_availability_disaster_recovery_analysis.repl_lag_cause import applies
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """The rows of `replication.lags` with the number of workers, and what holds them up."""
    found = await replication.lags(context)
    workers = await replication.workers(context) if found else 0
    return [{**row, "workers": workers, "because": applies(row, workers)} for row in found]
