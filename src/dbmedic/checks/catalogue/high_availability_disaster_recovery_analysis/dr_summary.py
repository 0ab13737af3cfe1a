"""What would be lost with the server: the age of the newest copy elsewhere."""

from __future__ import annotations

from dbmedic.checks import told
from dbmedic.checks.catalogue.backup_recovery_analysis.backup_evidence import newest
from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row.  Raises `Unmeasured("no_host_source", …)` when no copy is known at all."""
    copies = (await context.rows(context.query("copies")))[0]
    try:
        backup = (await newest(context, context.query("history")))["age"]
    except Unmeasured:
        backup = None
    ways = {"replica": copies["replica"], "archive": copies["archive"], "backup": backup}
    known = {way: float(age) for way, age in ways.items() if age is not None}
    if not known:
        here = context.lanes.target.instance.id
        raise told.untold(here, "no replica and no archive is there, and no backup is known", "backup_at", "rpo")
    way = min(known, key=lambda name: known[name])
    return [{**ways, "way": way, "loss": known[way]}]
