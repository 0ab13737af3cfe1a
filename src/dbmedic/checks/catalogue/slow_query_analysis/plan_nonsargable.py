"""Conditions whose wording keeps an index from being used, with the wording or the index that would not.

A cast that only renames a text type does no harm; a condition on a column without any index is `missing-index`'s.
"""

from __future__ import annotations

from typing import Any

from dbmedic.checks import planned, rewriting
from dbmedic.checks.advice import Advice, Table
from dbmedic.checks.context import Context
from dbmedic.checks.plans import Scan
from dbmedic.core.values import Row
from dbmedic.kit import plans
from dbmedic.kit.statements import normalised


async def rows(context: Context) -> list[Row]:
    """One row per statement and condition; `defeated` is an index that starts with the column, if there is one."""
    found: list[Row] = []
    engine = context.facts.engine
    dialect = "postgres" if engine == "postgres" else "mysql"
    for one in await planned.planned(context):
        for node in plans.steps(one.plan):
            row = one.row(node.relation)
            if row is None or node.does not in ("scan", "walk") or not node.filter:
                continue
            for defeat in plans.defeats(node.filter, node.alias, dialect):
                terms = plans.terms(node.filter, node.alias, dialect)
                scan = Scan(table=node.relation or "", alias=node.alias or "", terms=terms)
                table, best = await planned.helped(context, one, scan)
                if defeat.why == "negation" or _harmless(defeat.cast, table.types.get(defeat.column, "")):
                    continue
                wording = await _wording(context, one, table)
                found.append(
                    {**row, **_told(defeat, table, best), **wording, "read": max(node.reads or 0, row["rows"] or 0)}
                )
    return found


async def _wording(context: Context, one: planned.Planned, table: Table) -> Row:
    """The best wording that the planner expects to take less work, with both efforts; empty where there is none."""

    async def ask(text: str) -> dict[str, Any]:
        return await context.plan(text, database=one.statement["database"], schema=table.schema)

    texts = frozenset(name for name, kind in table.types.items() if kind.startswith(("varchar", "char", "text")))
    seen = str(one.statement.get("raw") or one.statement["query"])
    found = await rewriting.proved(seen, one.plan, context.facts.engine, ask, texts)
    if not found or found[0].rewrite.differs:
        return {"rewritten": None, "before": None, "after": None, "unit": None}
    best = found[0]
    text = normalised(best.rewrite.statement, context.facts.engine)
    return {"rewritten": text, "before": best.before, "after": best.after, "unit": best.unit}


def _harmless(cast: str | None, kind: str) -> bool:
    return cast in ("text", "varchar") and kind.startswith(("character varying", "varchar", "text"))


def _told(defeat: plans.Defeat, table: Table, best: Advice | None) -> Row:
    names = defeat.column.split(", ")
    index = next((one.name for one in table.indexes if one.valid and one.keys[:1] in [(name,) for name in names]), None)
    return {
        "column": defeat.column,
        "way": defeat.why,
        "expression": defeat.expression,
        "defeated": index,
        "kind": best.kind if best else None,
        "keys": ", ".join(best.keys) if best else None,
        "index": best.name if best else None,
        "rewrite": best.rewrite if best else None,
    }
