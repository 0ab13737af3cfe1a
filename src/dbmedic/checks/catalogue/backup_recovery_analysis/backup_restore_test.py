"""When a restore was last tried, which nothing on the server tells."""

from __future__ import annotations

from dbmedic.checks import told
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row.  Raises `Unmeasured("no_host_source", …)` when the operator has not said."""
    tags, facts = context.lanes.target.instance.tags, context.lanes.facts
    if tags.get("restore_tested_at", "").strip().lower() == "never":
        return [{"tested": None, "age": None, "state": "never"}]
    tested = told.moment(tags, "restore_tested_at")
    if tested is None:
        raise told.untold(
            context.lanes.target.instance.id, "whether a restore was ever tried is not known", "restore_tested_at"
        )
    age = None if facts.server_time is None else (facts.server_time - tested).total_seconds()
    return [{"tested": tested, "age": age, "state": "tested"}]
