"""The most that the configuration lets the server ask for, against the host's memory."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.values import Row

SHARED = (
    "innodb_buffer_pool_size",
    "innodb_log_buffer_size",
    "key_buffer_size",
    "aria_pagecache_buffer_size",
    "query_cache_size",
)
EACH = {
    "join_buffer_size": 262_144,
    "sort_buffer_size": 2_097_152,
    "read_buffer_size": 131_072,
    "read_rnd_buffer_size": 262_144,
    "binlog_cache_size": 32_768,
    "thread_stack": 299_008,
}
"""What a session may take, with the values that servers are delivered with."""


async def rows(context: Context) -> list[Row]:
    """One row, sizes in bytes.  Raises `Unmeasured` where no source knows the host's memory."""
    memory = (await context.lanes.host("memory"))[0]
    sessions = int((await context.rows(context.query("sessions")))[0]["sessions"])
    said = {str(row["name"]): int(row["value"]) for row in await context.rows(context.query("settings"))}
    settings = {name: said.get(name, 0) for name in (*SHARED, *EACH)}
    most = max((name for name in EACH if name != "thread_stack"), key=lambda name: settings[name] / EACH[name])
    shared, each, ram = sum(settings[one] for one in SHARED), sum(settings[one] for one in EACH), int(memory["total"])
    pool = settings["innodb_buffer_pool_size"]
    smaller = int(max(0.7 * ram - (shared - pool) - each * sessions, 0.25 * ram) // 2**27) * 2**27
    return [
        {
            "shared": shared,
            "pool": pool,
            "each": each,
            "sessions": sessions,
            "ram": ram,
            "swap_in": memory.get("swap_in"),
            "most": most,
            "most_size": settings[most],
            "ordinary": EACH[most],
            "smaller": smaller if smaller < pool else None,
        }
    ]
