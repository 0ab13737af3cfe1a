"""Statements of one table that filter by two columns and get far more rows than the planner expects.

What they get is counted by the server; a limit, a sum or a join would hide it, so only plain ones are compared.
"""

from __future__ import annotations

import re
from typing import Any

from dbmedic.checks import template, workload
from dbmedic.checks.context import Context
from dbmedic.core.errors import Denied, OutsideFailed, WriteRefused
from dbmedic.core.values import Row
from dbmedic.kit import statements

MOST = 12
CUT = re.compile(r"\b(limit|fetch\s+first|distinct|union|having|for\s+update)\b", re.IGNORECASE)
STALE = 0.2
"""Share of changed rows from which old statistics explain any misjudgement."""


async def rows(context: Context) -> list[Row]:
    """One row per pair (or more) of columns.  Raises `Denied` when it found none and a plan was refused."""
    found: dict[tuple[Any, ...], Row] = {}
    refused: Denied | None = None
    for statement in (await workload.statements(context))[:MOST]:
        try:
            row = await _compared(context, statement)
        except Denied as failure:
            refused = failure
            continue
        if row is not None:
            found.setdefault((row["database"], row["schema"], row["table"], row["columns"]), row)
    if refused is not None and not found:
        raise refused
    return list(found.values())


def filtered(text: str) -> tuple[str, str, tuple[str, ...]] | None:
    """Schema, table and the columns compared for equality, of a plain statement of one table; else None."""
    asked = statements.asks(text, "postgres")
    if not asked.parsed or len(asked.tables) != 1 or asked.group_by or CUT.search(text):
        return None
    if any(one.op != "=" or one.function for one in asked.predicates):
        return None
    columns = tuple(sorted({one.column for one in asked.predicates}))
    return (asked.tables[0].schema or "", asked.tables[0].name, columns) if len(columns) >= 2 else None


async def _compared(context: Context, statement: Row) -> Row | None:
    text = str(statement["query"])
    if not statement["picks"] or not statement["calls"] or statement["rows"] is None:
        return None
    place = filtered(text)
    if place is None:
        return None
    schema, name, columns = place
    database = statement["database"]
    try:
        tables = await context.rows(context.query("table"), {"table": name, "schema": schema}, database=database)
        plan = await context.plan(statement.get("raw") or text, database=database) if tables else {}
    except Denied:
        raise
    except (OutsideFailed, WriteRefused):
        return None
    if not tables or _known(tables[0], columns) or tables[0]["changed"] > STALE * max(1, tables[0]["rows"]):
        return None
    return {
        "database": database,
        "schema": tables[0]["schema"],
        "table": name,
        "columns": "+".join(columns),
        "keys": ", ".join(template.ident(column, "postgres") for column in columns),
        "statistics": f"{name}_{'_'.join(columns)}_stat"[:63],
        "rows": tables[0]["rows"],
        "expected": plan.get("Plan", plan).get("Plan Rows"),
        "actual": statement["rows"] / statement["calls"],
        **{key: statement[key] for key in ("query", "share", "calls", "mean_s")},
    }


def _known(table: Row, columns: tuple[str, ...]) -> bool:
    """Whether statistics over two of the columns are there already."""
    return any(len(set(one.split(",")) & set(columns)) >= 2 for one in str(table["known"]).split(";"))
