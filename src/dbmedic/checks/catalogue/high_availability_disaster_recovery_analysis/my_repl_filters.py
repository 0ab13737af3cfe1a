"""What a replica skips, and what a source does not even log."""

from __future__ import annotations

from dbmedic.checks import replication
from dbmedic.checks.context import Context
from dbmedic.core.values import Row

WRITTEN = ("Binlog_Do_DB", "Binlog_Ignore_DB")


async def rows(context: Context) -> list[Row]:
    """One row per channel, and one for the binary log where there is one."""
    found = [{"where_set": "replica", "filters": row["filters"]} for row in await replication.replicas(context)]
    for row in await context.rows(context.query("source")):
        kept = ", ".join(f"{name}={row[name]}" for name in WRITTEN if row.get(name))
        found.append({"where_set": "source", "filters": kept})
    return found
