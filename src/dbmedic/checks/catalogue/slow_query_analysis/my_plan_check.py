"""Sorts and temporary tables of many rows, joins through a buffer, and conditions that keep few of many rows."""

from __future__ import annotations

from dbmedic.checks import planned
from dbmedic.checks.context import Context
from dbmedic.core.values import Row
from dbmedic.kit import plans

WAYS = {"Filesort": "filesort", "Temporary table": "temporary"}


async def rows(context: Context) -> list[Row]:
    """One row per statement and table; `rows` is how many rows go through it."""
    found: dict[tuple[str, str], Row] = {}
    for one in await planned.planned(context):
        for node in plans.steps(one.plan):
            below = next((step for step in plans.steps(plans.Plan(engine="", root=node)) if step.relation), None)
            row = one.row(below.relation if below is not None else None)
            if row is None or below is None:
                continue
            through = below.reads or 0
            if node.name in WAYS:
                told = {**row, "way": WAYS[node.name], "rows": through, "filtered": None}
            elif node is below and node.expected is not None and through and node.expected < through:
                part = node.expected / through
                told = {**row, "way": "filtered", "rows": through, "filtered": part}
            else:
                continue
            found.setdefault((str(row["query"]), str(row["table"])), told)  # the outermost way says it
    return list(found.values())
