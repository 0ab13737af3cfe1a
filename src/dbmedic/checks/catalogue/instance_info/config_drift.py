"""Settings that are not as they were: kept changes of the asked time, and what has changed since the last sample."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from dbmedic.checks import history_look as look
from dbmedic.checks.context import Context
from dbmedic.checks.history_changes import Change, changed_settings
from dbmedic.core.errors import Unmeasured
from dbmedic.core.history import State
from dbmedic.core.values import Row

WEEK = timedelta(days=7)
PLAIN = re.compile(r"-?\d+(\.\d+)?|ON|OFF|[a-z_]+")
"""Values that stand bare in `SET GLOBAL` and `CONFIG SET`."""


async def rows(context: Context) -> list[Row]:
    """name, before, after, value (before, as a statement writes it), at, way (reload or restart); last change first.

    What went back to what it was is no change.  Raises `Unmeasured("no_history")`.
    """
    asked, history = context.asked(WEEK), context.history
    states = await history.states("settings", asked.start, asked.end)
    now = await look.state(context, "settings")
    if not states or now is None:
        raise Unmeasured("no_history", "the settings have not been sampled yet; ask again when they were")
    found = changed_settings([*states, State(datetime.now(UTC), now)])
    ways = await _ways(context) if found else {}
    return [
        {
            "name": change.object,
            "before": change.before or None,
            "after": change.now or "(default)",
            "value": _value(context, change),
            "at": change.at,
            "way": ways.get(change.object, ""),
        }
        for change in reversed(_lasting(found, states[0].values))
    ]


async def _ways(context: Context) -> dict[str, str]:
    """How a setting of PostgreSQL takes effect; nothing for what is set for one database or account."""
    if context.facts.engine != "postgres":
        return {}
    return {str(row["name"]): str(row["way"]) for row in await context.rows(context.query("ways"))}


def _lasting(found: list[Change], first: dict[str, str]) -> list[Change]:
    """The last change of each name, from what it was at first, where the two differ."""
    last = {change.object: change for change in found}
    lasting = [
        Change(kind="setting", object=name, at=change.at, before=first.get(name, ""), now=change.now)
        for name, change in last.items()
        if first.get(name, "") != change.now
    ]
    return sorted(lasting, key=lambda change: str(change.at))


def _value(context: Context, change: Change) -> str | None:
    """What it was, as the statement that sets it back writes it; None where no statement can."""
    before = str(change.before or "")
    if context.facts.engine == "postgres":
        return before or None
    return before if PLAIN.fullmatch(before) else None
