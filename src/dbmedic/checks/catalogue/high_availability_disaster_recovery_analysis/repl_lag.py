"""How far each replica is behind."""

from __future__ import annotations

from dbmedic.checks import replication
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per replica that can be seen from here; see `replication.lags`."""
    return await replication.lags(context)
