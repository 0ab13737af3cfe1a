"""When a restore was last tried, which nothing on the server tells but its clock."""

from __future__ import annotations

from dbmedic.checks import told
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row.  Raises `Unmeasured("no_host_source", …)` when the operator has not said."""
    instance = context.lanes.target.instance
    if instance.tags.get("restore_tested_at", "").strip().lower() == "never":
        return [{"tested": None, "age": None, "state": "never"}]
    tested = told.moment(instance.tags, "restore_tested_at")
    if tested is None:
        raise told.untold(instance.id, "whether a restore was ever tried is not known", "restore_tested_at")
    now = float((await context.rows(context.query("clock")))[0]["now"])
    return [{"tested": tested, "age": now - tested.timestamp(), "state": "tested"}]
