"""Who holds user locks of MySQL and MariaDB: recorded as metadata locks, else asked for by the names waiters say."""

from __future__ import annotations

import re
from typing import Any

from dbmedic.checks.context import Context
from dbmedic.core.errors import Denied, OutsideFailed, StatementFailed, Unmeasured
from dbmedic.core.values import Row

SWITCH = "UPDATE performance_schema.setup_instruments SET ENABLED = 'YES' WHERE NAME = 'wait/lock/metadata/sql/mdl'"
START = "performance_schema = ON  -- in the server's configuration, and a restart"
UNSEEN = "user locks are not recorded for us: one that nobody waits for cannot be seen"
READ = "GRANT SELECT ON performance_schema.* TO {role}"
NAME = re.compile(r"""\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)")\s*""")


async def rows(context: Context) -> list[Row]:
    """One row per lock and holder.

    Without the record of metadata locks, those for which somebody waits; when there is none of these either, raises
    `Unmeasured`, as an idle session may hold one unseen.
    """
    try:
        enabled = await context.rows(context.query("instrument"))
        if enabled and enabled[0]["enabled"] == "YES":
            recorded = await context.rows(context.query("recorded"))
            return [{"application": None, "query": None, **row} for row in recorded]
        reason, grant = "feature_off", SWITCH if enabled else START
    except (Denied, StatementFailed):
        reason, grant = "permission", READ.replace("{role}", context.facts.role)
    found = await _asked(context)
    if not found:
        raise Unmeasured(reason, UNSEEN, grant)
    context.better, context.better_grant = UNSEEN, grant
    return found


async def _asked(context: Context) -> list[Row]:
    """The holders of the locks whose names stand in waiting statements."""
    found: dict[str, dict[str, Any]] = {}
    for wait in await context.rows(context.query("waits")):
        said = NAME.fullmatch(str(wait["said"] or ""))
        if said is None:
            continue
        name = said[1] or said[2]
        known = found.setdefault(name, {"lock": name, "waiting": 0, "longest": 0})
        known |= {"waiting": known["waiting"] + 1, "longest": max(known["longest"], float(wait["waited"]))}
    return [{**lock, **await _holder(context, name)} for name, lock in found.items()]


async def _holder(context: Context, name: str) -> Row:
    nobody: Row = dict.fromkeys(("holder", "user", "application", "state", "idle", "query"))
    try:
        held = await context.rows(context.query("holder"), {"name": name})
        if not held or held[0]["holder"] is None:
            return nobody
        session = await context.rows(context.query("session"), {"id": held[0]["holder"]})
    except OutsideFailed:
        return nobody
    return {**nobody, "holder": held[0]["holder"], **(session[0] if session else {})}
