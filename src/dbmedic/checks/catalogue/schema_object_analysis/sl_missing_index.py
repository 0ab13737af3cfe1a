"""Indexes that SQLite builds for one statement and throws away, and references that no index serves."""

from __future__ import annotations

from dbmedic.checks.catalogue.slow_query_analysis.sl_query_plan import last, steps
from dbmedic.checks.context import Context
from dbmedic.checks.template import ident
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per table and columns: what a view's plan shows comes before what a foreign key suggests."""
    found: dict[tuple[str, str], Row] = {}
    for view in await context.rows(context.query("views")):
        for step in await steps(context, view):
            if step["kind"] != "automatic" or not step["columns"]:
                continue
            row = _row(step["table"], step["columns"], step["rows"])
            found[row["table"], row["columns"]] = row | {"view": view["view"], "parent": None}
    for one in await context.rows(context.query("references")):
        names = str(one["columns"]).split(", ")
        if (one["table"], one["columns"]) in found or _served(names, str(one["indexes"] or "").split("; ")):
            continue
        row = _row(one["table"], names, await last(context, one["table"]))
        found[row["table"], row["columns"]] = row | {"view": None, "parent": one["parent"]}
    return list(found.values())


def _row(table: str, names: list[str], rows: int | None) -> Row:
    return {
        "table": table,
        "columns": ", ".join(names),
        "keys": ", ".join(ident(name, "sqlite") for name in names),
        "rows": rows,
        "index": f"{table}_{'_'.join(names)}_idx",
    }


def _served(names: list[str], indexes: list[str]) -> bool:
    """Whether an index begins with the columns, in any order."""
    return any(set(one.split(", ")[: len(names)]) == set(names) for one in indexes)
