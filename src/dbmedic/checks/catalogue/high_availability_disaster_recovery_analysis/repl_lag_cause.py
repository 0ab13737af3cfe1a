"""Why a replica is behind: the stage most of the log waits for, and what is seen to hold that stage up."""

from __future__ import annotations

from dbmedic.checks import replication
from dbmedic.checks.context import Context
from dbmedic.core.errors import OutsideFailed
from dbmedic.core.values import Row

SENDER = {"send": "network", "flush": "disk", "apply": "there"}
"""What a primary can tell."""
STARTUP = (
    ("RecoveryPause", "paused"), ("RecoveryApplyDelay", "delay"), ("RecoveryConflict", "conflict"),
    ("BufferPin", "conflict"), ("Lock:", "conflict"), ("IO:", "disk"),
)  # fmt: skip
"""Beginnings or parts of what the process that replays waits for -> what that means."""


async def rows(context: Context) -> list[Row]:
    """The rows of `replication.lags` with `because`."""
    found = await replication.lags(context)
    if context.facts.engine == "postgres":
        told: list[Row] = [{**row, "workers": None, "because": waits(row)} for row in found]
        if any(row["because"] == "conflict" for row in told):
            holder = next(iter(await context.rows(context.query("holder"))), {})
            told = [row | holder if row["because"] == "conflict" else row for row in told]
        return told
    workers = await replication.workers(context) if found else 0
    rows: list[Row] = [{**row, "workers": workers, "because": applies(row, workers)} for row in found]
    if any(row["because"] == "search" for row in rows):
        table = await _searched(context)
        rows = [row | {"table": table} if row["because"] == "search" else row for row in rows]
    return rows


async def _searched(context: Context) -> str | None:
    """The table that the appliers write, None where the server does not record it or they write several."""
    try:
        found = await context.rows(context.query("searched"))
    except OutsideFailed:
        return None
    return str(found[0]["name"]) if len(found) == 1 else None


def waits(row: Row) -> str:
    """What holds a standby of PostgreSQL up."""
    event = str(row["event"] or "")
    if row["stage"] == "apply" and event:
        return next((meaning for part, meaning in STARTUP if part in event), "replay")
    return SENDER.get(str(row["stage"]), "there")


def applies(row: Row, workers: int) -> str:
    """What holds a replica of MySQL or MariaDB up."""
    event = str(row["event"] or "").lower()
    if "lock" in event and "relay log" not in event:
        return "lock"
    if "find_row" in event or "searching rows" in event:
        return "search"
    return "one_thread" if workers <= 1 else "event"
