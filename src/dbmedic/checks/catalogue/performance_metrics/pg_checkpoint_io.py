"""What a checkpoint takes to sync, now and on average, and how far its writes are spread."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """Three rows: `now` (checkpoints that ended meanwhile), `record` (all since the counters began), and the target."""
    sql = context.query("state")
    record = (await context.rows(sql))[0]
    grown = await context.delta(sql, key=("one",), counters=("done", "sync_s", "write_s"), reset=("since",))
    return [
        {**grown[0], "what": "now"},
        {**record, "what": "record", "confidence": "estimate"},
        {**record, "what": "target", "done": None, "sync_s": None, "write_s": None},
    ]
