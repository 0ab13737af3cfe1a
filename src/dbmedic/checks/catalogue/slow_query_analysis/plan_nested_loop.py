"""Joins that read a table whole for each row of another, because no index serves the join."""

from __future__ import annotations

from dbmedic.checks import planned
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per statement and inner table; `probes` is how many of its rows the join looks at."""
    found: list[Row] = []
    for one in await planned.planned(context):
        for finding in one.findings():
            row = one.row(finding.node.relation)
            if finding.kind == "join_scan" and row is not None:
                found.append({**row, "condition": finding.text, **finding.numbers, "rows": finding.numbers["rows"]})
    return found
