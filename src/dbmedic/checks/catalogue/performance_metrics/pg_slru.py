"""Pages of transaction state that had to be read, and who waited for them."""

from __future__ import annotations

from dbmedic.checks import sampling
from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """A row per cache: pages read over the window, and the share of active sessions that waited for it.

    Raises `Unmeasured` when the counters were reset meanwhile.
    """
    looks = await context.looks(context.query("state"))
    grown = sampling.delta(looks[0], looks[-1], key=("cache",), counters=("reads",), reset=("since",))
    if grown is None:
        raise Unmeasured("no_history", "the counters were reset while they were being measured; ask again")
    found: list[Row] = []
    for row in grown:
        seen = [one for look in looks for one in look if one["cache"] == row["cache"]]
        active = sum(int(one["active"]) for one in seen)
        found.append({**row, "waiting": sum(int(one["hits"]) for one in seen) / active if active else 0.0})
    return found
