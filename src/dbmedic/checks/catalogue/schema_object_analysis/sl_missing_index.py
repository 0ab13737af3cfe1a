"""Indexes that SQLite builds for one statement and throws away, as the plans of views show."""

from __future__ import annotations

from dbmedic.checks.catalogue.slow_query_analysis.sl_query_plan import steps
from dbmedic.checks.context import Context
from dbmedic.checks.template import ident
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per table and columns."""
    found: dict[tuple[str, str], Row] = {}
    for view in await context.rows(context.query("views")):
        for step in await steps(context, view):
            if step["kind"] != "automatic" or not step["columns"]:
                continue
            columns = ", ".join(step["columns"])
            found[step["table"], columns] = {
                "table": step["table"],
                "columns": columns,
                "keys": ", ".join(ident(name, "sqlite") for name in step["columns"]),
                "view": view["view"],
                "rows": step["rows"],
                "index": f"{step['table']}_{'_'.join(step['columns'])}_idx",
            }
    return list(found.values())
