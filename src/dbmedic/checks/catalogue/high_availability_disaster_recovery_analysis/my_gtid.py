"""Whether a replica of MariaDB follows by GTID, and what it wrote itself."""

from __future__ import annotations

from dbmedic.checks import replication
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per channel."""
    own = (await context.rows(context.query("own")))[0]
    written = errant(str(own["written"] or ""), int(own["server"]))
    found = await replication.replicas(context)
    return [{"setting": "Using_Gtid", "value": row["gtid"], "errant": written} for row in found]


def errant(written: str, server: int) -> str | None:
    """Those of the positions `domain-server-number` that this server wrote."""
    mine = [one.strip() for one in written.split(",") if one.strip().split("-")[1:2] == [str(server)]]
    return ", ".join(mine) or None
