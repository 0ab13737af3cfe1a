"""Pages found and not found in the cache, and how many sessions waited for pages to be read.

Without `track_io_timing` the waiting is counted by looking often: one look alone meets a scan that nobody minds.
"""

from __future__ import annotations

from dbmedic.checks import sampling
from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row: `hits_b`, `reads` and `io_s` of the window, `waiters` on average.  Raises as `Context.delta`."""
    first = await context.rows(context.query("pages"))
    looks = await context.looks(context.query("waiting"))
    second = await context.rows(context.query("pages"))
    grown = sampling.delta(first, second, key=("one",), counters=("hits_b", "reads", "io_s"))
    if grown is None:
        raise Unmeasured("no_history", "the counters were reset while they were being measured; ask again")
    waiters = sum(int(row["waiters"]) for one in looks for row in one) / len(looks)
    return [row | {"waiters": waiters} for row in grown]
