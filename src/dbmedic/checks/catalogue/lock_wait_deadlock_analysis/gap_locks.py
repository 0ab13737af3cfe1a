"""Waits and deadlocks on gaps between rows: waits are counted now, of deadlocks InnoDB tells the last."""

from __future__ import annotations

import re

from dbmedic.checks.catalogue.lock_wait_deadlock_analysis import deadlock_detail
from dbmedic.checks.context import Context
from dbmedic.core.values import Row

GAP = re.compile(r"locks gap before rec|insert intention")


async def rows(context: Context) -> list[Row]:
    """One row per table on whose gaps somebody waits, or about which the last deadlock was."""
    waits = await context.rows(context.query("waits"))
    counted = await context.rows(context.query("deadlocks"))
    status = await context.rows(context.query("status"))
    around = {"deadlocks": 0, "isolation": None, **(counted[0] if counted else {})}
    found = {str(row["table"]): {**around, "age": None, **row} for row in waits}
    for row in told(str(status[0]["Status"]) if status else ""):
        known = found.setdefault(row["table"], {**around, "waiting": 0, "query": None, **row})
        known["age"] = row["age"]
    return list(found.values())


def told(status: str) -> list[Row]:
    """Table, index and age of the last deadlock in `SHOW ENGINE INNODB STATUS`, when it was about a gap."""
    section = deadlock_detail.SECTION.search(status)
    if section is None or GAP.search(section[1]) is None:
        return []
    return [{name: row[name] for name in ("table", "on_index", "age")} for row in deadlock_detail.told(status)]
