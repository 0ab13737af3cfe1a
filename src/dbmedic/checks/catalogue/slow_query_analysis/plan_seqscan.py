"""Tables that the planner reads whole for a few of their rows, with the index that would serve the condition."""

from __future__ import annotations

from dbmedic.checks import planned
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per statement and table, with the share of rows that the planner expects to keep."""
    found: list[Row] = []
    for one in await planned.planned(context):
        for scan in planned.scans(one):
            row = one.row(scan.table)
            if row is None or scan.through or not scan.terms or not row["rows"] or scan.rows is None:
                continue
            _, best = await planned.helped(context, one, scan)
            found.append(
                {
                    **row,
                    "kept": min(1.0, scan.rows / row["rows"]),
                    "columns": ", ".join(dict.fromkeys(term.column for term in scan.terms)),
                    "keys": ", ".join(best.keys) if best else None,
                    "index": best.name if best else None,
                    "served": "yes" if best is None else None,
                }
            )
    return found
