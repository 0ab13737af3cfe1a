"""Statements of which the planner expects far more or fewer rows than come.

A limit stops a plan early, and a plan without values guesses for all of them: neither is judged.
"""

from __future__ import annotations

import re

from dbmedic.checks import planned
from dbmedic.checks.context import Context
from dbmedic.core.values import Row
from dbmedic.kit import plans

LIMITED = re.compile(r"\blimit\b|\bfetch\s+(first|next)\b", re.IGNORECASE)


async def rows(context: Context) -> list[Row]:
    """One row per statement; `table` is the largest that it reads, whose statistics decide."""
    found: list[Row] = []
    for one in await planned.planned(context):
        statement, expected = one.statement, one.plan.root.expected
        if expected is None or one.generic or not statement["calls"] or statement["rows"] is None:
            continue
        if LIMITED.search(str(statement["query"])):
            continue
        names = [node.relation for node in plans.steps(one.plan) if node.relation in one.tables]
        largest = max(names, key=lambda name: one.tables[name or ""]["rows"] or 0, default=None)
        row = one.row(largest)
        if row is not None:
            came = statement["rows"] / statement["calls"]
            joined = any(node.name.startswith("Nested") for node in plans.steps(one.plan))
            found.append({**row, "expected": expected, "came": came, "nested": "yes" if joined else None})
    return found
