"""When the newest backup ended: as the operator's tag says, else as the backup tools' own traces on the server do."""

from __future__ import annotations

from datetime import UTC, datetime

from dbmedic.checks import told
from dbmedic.checks.context import Context
from dbmedic.core.errors import OutsideFailed, Unreachable
from dbmedic.core.values import Row

KIND = {"postgres": "base backup"}


async def rows(context: Context) -> list[Row]:
    """One row.  Raises `Unmeasured("no_host_source", …)` when nobody and nothing says."""
    return [await newest(context, context.query("history"))]


async def newest(context: Context, history: str) -> Row:
    """kind, ended, age (by the server's clock) and outcome of the newest backup that is known."""
    tags = context.lanes.target.instance.tags
    if tags.get("backup_at", "").strip().lower() == "failed":
        return {"kind": "told by the operator", "ended": None, "age": None, "outcome": "failed"}
    kind, ended = "told by the operator", told.moment(tags, "backup_at")
    if ended is None:
        kind, ended = KIND.get(context.facts.engine, "backup tool"), await _traces(context, history)
    if ended is None:
        raise told.untold(
            context.lanes.target.instance.id, "where the backups of this instance lie is not known", "backup_at"
        )
    now = context.facts.server_time
    age = None if now is None else max(0.0, (now - ended).total_seconds())
    return {"kind": kind, "ended": ended, "age": age, "outcome": "good"}


async def _traces(context: Context, history: str) -> datetime | None:
    try:
        found = await context.rows(history)
    except Unreachable:
        raise
    except OutsideFailed:  # no such table, or not for our account: then the operator has to say
        return None
    ended = found[0]["ended"] if found else None
    if not isinstance(ended, datetime):
        return None
    return ended if ended.tzinfo is not None else ended.replace(tzinfo=UTC)
