"""The statements that page by offset, by the time they take."""

from __future__ import annotations

import re

from dbmedic.checks import workload
from dbmedic.checks.context import Context
from dbmedic.core.values import Row

# The last form is how digests shorten `LIMIT ?, ?`.
PAGING = re.compile(r"\boffset\s+(?:\$\d+|\?|[1-9])|\blimit\s+(?:\?|\d+)\s*,\s*(?:\?|\d+|\.\.\.)", re.IGNORECASE)


async def rows(context: Context) -> list[Row]:
    """One row per statement with an offset that was counted over the window."""
    load = [row for row in await workload.statements(context) if row["calls"] and not row["ever"]]
    window = context.window or 1
    return [
        {**row, "per_s": row["calls"] / window, "returned": round((row["rows"] or 0) / row["calls"])}
        for row in load
        if PAGING.search(str(row["query"]))
    ]
