"""How far the AUTOINCREMENT keys of an SQLite file have come; its table of them exists only once there is one."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per key."""
    [there] = await context.rows(context.query("there"))
    return await context.rows(context.query("used")) if there["there"] else []
