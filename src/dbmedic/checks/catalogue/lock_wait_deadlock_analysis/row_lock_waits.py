"""How often and how long statements waited for rows, and who was seen keeping them most often."""

from __future__ import annotations

from collections.abc import Sequence

from dbmedic.checks import sampling
from dbmedic.checks.context import Context
from dbmedic.core.errors import OutsideFailed, Unmeasured
from dbmedic.core.values import Row
from dbmedic.kit import statements

HOLDER = ("pid", "user", "on_object", "query", "held", "waiting_query")


async def rows(context: Context) -> list[Row]:
    """One row: what the counters grew by over the window, with the holder seen most often, where one was seen.

    Raises `Unmeasured` when the counters were reset in between.
    """
    sql = context.query("counters")
    before = await context.rows(sql)
    holder = await _holder(context)
    after = await context.rows(sql)
    grown = sampling.delta(before, after, key=["one"], counters=["waits", "waited"])
    if grown is None:
        raise Unmeasured("no_history", "the counters were reset while they were being measured; ask again")
    return [{**row, **holder} for row in grown]


async def _holder(context: Context) -> Row:
    nobody: Row = dict.fromkeys(HOLDER)
    try:
        looks = await context.looks(context.query("waits"))
    except OutsideFailed:  # the account may not see transactions
        await context.wait()
        return nobody
    engine = context.facts.engine
    seen = [[{**row, "shape": statements.normalised(str(row["query"]), engine)} for row in look] for look in looks]
    most = next(iter(sampling.many(seen, key=["on_object", "shape"])), None)
    return nobody if most is None else {**nobody, **{name: most[name] for name in HOLDER}, "held": _most(seen, most)}


def _most(looks: Sequence[Sequence[Row]], holder: Row) -> int:
    """How many rows the statement had locked at most: it is seen while it still takes more."""
    return max(
        int(row["held"] or 0)
        for look in looks
        for row in look
        if (row["on_object"], row["shape"]) == (holder["on_object"], holder["shape"])
    )
