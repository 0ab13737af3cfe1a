"""How far the planner's statistics of an SQLite file are from the tables, judged by their last rowids."""

from __future__ import annotations

from dbmedic.checks.catalogue.slow_query_analysis.sl_query_plan import last
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per table that has an index; `counted` is None where ANALYZE never ran."""
    [there] = await context.rows(context.query("there"))
    known = (
        {row["table"]: row["counted"] for row in await context.rows(context.query("stats"))} if there["there"] else {}
    )
    found: list[Row] = []
    for table in await context.rows(context.query("tables")):
        size, counted = await last(context, table["table"]), known.get(table["table"])
        far = counted is not None and size is not None and not counted / 5 < max(size, 1) < max(counted, 1) * 5
        state = "missing" if counted is None else "old" if far else "fresh"
        found.append({"table": table["table"], "counted": counted, "rows": size, "state": state})
    return found
