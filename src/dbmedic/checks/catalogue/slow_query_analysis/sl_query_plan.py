"""Plans of the views of an SQLite file: the only statements that the file itself holds."""

from __future__ import annotations

import re

from dbmedic.checks import template
from dbmedic.checks.context import Context
from dbmedic.core.errors import OutsideFailed, StatementFailed
from dbmedic.core.values import Row

SCAN = re.compile(r"^SCAN (\w+)$")
AUTOMATIC = re.compile(r"^SEARCH (\w+) USING AUTOMATIC (?:PARTIAL )?(?:COVERING )?INDEX \((.*)\)")


async def rows(context: Context) -> list[Row]:
    """One row per step of a view's plan that reads a whole table under a condition, or builds an index for once."""
    found: list[Row] = []
    for view in await context.rows(context.query("views")):
        found += [{"view": view["view"], **step} for step in await steps(context, view)]
    return found


async def steps(context: Context, view: Row) -> list[Row]:
    """kind ("scan" or "automatic"), step, table, columns and rows of each costly step; none for a broken view."""
    statement = template.statement("select * from {view}", view, {"view": "ident"}, "sqlite")
    try:
        plan = await context.plan(statement or "")
    except OutsideFailed:
        return []
    found: list[Row] = []
    filtered = " where " in re.sub(r"\s+", " ", str(view["query"]).lower())
    for node in plan["plan"]:
        detail = str(node["detail"])
        scan, automatic = SCAN.match(detail), AUTOMATIC.match(detail)
        if automatic is not None:
            columns = tuple(re.findall(r"(\w+)=\?", automatic[2]))
            table = await named(context, automatic[1], view)
            found.append({"kind": "automatic", "step": detail, "table": table, "columns": columns})
        elif scan is not None and filtered:
            table = await named(context, scan[1], view)
            found.append({"kind": "scan", "step": detail, "table": table, "columns": ()})
    return [{**one, "rows": await last(context, one["table"])} for one in found]


async def named(context: Context, alias: str, view: Row) -> str:
    """The table behind an alias of the view's text; the alias itself where it is the table."""
    match = re.search(rf"(\w+)\s+(?:as\s+)?{re.escape(alias)}\b", str(view["query"]), re.IGNORECASE)
    known = {row["name"] for row in await context.rows("select name from sqlite_schema where type = 'table'")}
    return match[1] if alias not in known and match is not None and match[1] in known else alias


async def last(context: Context, table: str) -> int | None:
    """The last rowid: one step at the end of a tree, for SQLite keeps no count."""
    sql = template.statement(context.query("last"), {"table": table}, {"table": "ident"}, "sqlite")
    try:
        found = await context.rows(sql or "")
    except StatementFailed:
        return None
    return found[0]["last"] if found else None
