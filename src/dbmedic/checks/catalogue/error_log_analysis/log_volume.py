"""How much the server logs, and whether it logs every statement."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import said
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row; bytes are unknown where only the settings can be seen."""
    settings = context.facts.settings
    general = settings.get("general_log", "").lower() in ("on", "1")
    every = general or settings.get("log_statement") == "all" or settings.get("log_min_duration_statement") == "0"
    row: Row = {
        "per_day": None,
        "size": None,
        "used": None,
        "every": int(every),
        "general": int(general),
        "place": "general log",
    }
    try:
        read = (await said(context)).read
    except Unmeasured as failure:
        if not general:
            raise
        context.better = str(failure)
        return [row]
    known = {"per_day": read.bytes_per_day, "size": read.size_bytes, "used": read.volume_used}
    return [row | known | {"place": read.source, "source": read.source}]
