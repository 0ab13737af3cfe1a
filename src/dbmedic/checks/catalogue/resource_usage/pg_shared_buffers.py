"""The server's cache against the host's memory, the data, and what had to be read meanwhile."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row; pages found and read are differences.  Raises `Unmeasured` where no source knows the host's memory."""
    ram = int((await context.lanes.host("memory"))[0]["total"])
    found = await context.delta(context.query("state"), key=("one",), counters=("hits_b", "reads"))
    return [{**row, "ram": ram, "wanted": f"{max(ram // 4 // 2**20, 128)}MB"} for row in found]
