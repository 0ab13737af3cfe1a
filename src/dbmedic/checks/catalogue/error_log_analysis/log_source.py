"""Whether the server's log can be read, and how far back."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import said
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row; `lost` is 1 where the log goes to a place that keeps nothing."""
    target = context.lanes.target
    try:
        found = await said(context)
    except Unmeasured:
        nowhere = await target.logs.nowhere(target.engine) if target.logs is not None else None
        if nowhere is None:
            raise
        return [{"place": nowhere, "lost": 1, "entries": 0, "since": None, "size": None}]
    read = found.read
    return [
        {"place": read.source, "lost": 0, "entries": len(read.entries), "since": read.start, "size": read.size_bytes}
    ]
