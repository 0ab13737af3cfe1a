"""What the sessions that are active now may ask for, against the host's memory."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row

LEAST = 4 * 2**20
"""Bytes of work_mem below which sorts of any size go to disk."""


async def rows(context: Context) -> list[Row]:
    """One row: the parts of the demand in bytes, ram, the share of it that is available, and a work_mem that fits.

    Active sessions are the most of several looks.  Raises `Unmeasured` where no source knows the host's memory.
    """
    memory = (await context.lanes.host("memory"))[0]
    looks = await context.looks(context.query("demand"))
    row = max((look[0] for look in looks), key=lambda one: int(one["sorting"]))
    ram = int(memory["total"])
    left = ram * 0.5 - int(row["shared_buffers"]) - int(row["workers"]) * int(row["maintenance"])
    fits = left / 2 / float(row["hash_mem"]) / max(int(row["active"]), 1)
    fits = max(LEAST, int(fits // LEAST) * LEAST)
    wanted = f"{fits // 2**20}MB" if fits < int(row["work_mem"]) else None
    return [{**row, "ram": ram, "available": memory["available"] / ram, "wanted": wanted}]
