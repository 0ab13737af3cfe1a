"""The state of replication in one shape for all engines; what several checks of availability are made from.

PostgreSQL tells a primary about each receiver and a standby about itself, MySQL and MariaDB tell only the replica.
Texts of errors are left out: they quote rows.  Its SQL stands in `replication.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from dbmedic.checks.context import Context
from dbmedic.checks.plan import newest
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row

STAGES = {"unsent": "send", "unflushed": "flush", "unreplayed": "apply"}
FILTERS = (
    "Replicate_Do_DB", "Replicate_Ignore_DB", "Replicate_Do_Table", "Replicate_Ignore_Table", "Replicate_Wild_Do_Table",
    "Replicate_Wild_Ignore_Table", "Replicate_Rewrite_DB",
)  # fmt: skip
TABLE = re.compile(r"\b(?:on|for|in) table [`']?([\w$]+(?:\.[\w$]+)?)|Table '([\w$.]+)'", re.IGNORECASE)


async def lags(context: Context) -> list[Row]:
    """replica, stage, seconds and bytes behind, `unsent`, `unflushed`, `unreplayed`, delay, state and event of each.

    The smaller figures of two looks, so that a burst that is being caught up is none; one look where nothing is behind.
    Looked at once per run, so that all who ask speak of the same moment.
    """
    rows, context.window = await context.lanes.once("replication lags", lambda: _lags(context))
    return [dict(row) for row in rows]


async def _lags(context: Context) -> tuple[list[Row], float | None]:
    first = await _look(context)
    if not any(row["seconds"] or row["bytes"] or row["seconds"] is None for row in first):
        return first, None
    await context.wait()
    before = {row["replica"]: row for row in first}
    return [
        _smaller(before[row["replica"]], row) for row in await _look(context) if row["replica"] in before
    ], context.window


async def replicas(context: Context) -> list[Row]:
    """Each channel of a MySQL or MariaDB replica, in one spelling; see `spelled`."""
    return [spelled(row) for row in await context.rows(_query(context, "status"))]


async def workers(context: Context) -> int:
    """How many threads apply on a MySQL or MariaDB replica; 0 is the one that always does."""
    return int((await context.rows(_query(context, "workers")))[0]["workers"])


def spelled(row: Row) -> Row:
    """channel, source, io and sql thread, seconds, delay, bytes, errno, table of the error, filters, gtid and event."""

    def of(*names: str) -> Any:
        return next((row[name] for name in names if name in row), None)

    read, applied = of("Read_Source_Log_Pos", "Read_Master_Log_Pos"), of("Exec_Source_Log_Pos", "Exec_Master_Log_Pos")
    same = of("Source_Log_File", "Master_Log_File") == of("Relay_Source_Log_File", "Relay_Master_Log_File")
    told = f"{of('Last_SQL_Error') or ''} "
    table = TABLE.search(told)
    return {
        "channel": str(of("Channel_Name", "Connection_name") or ""),
        "source": str(of("Source_Host", "Master_Host") or ""),
        "io": str(of("Replica_IO_Running", "Slave_IO_Running")),
        "sql": str(of("Replica_SQL_Running", "Slave_SQL_Running")),
        "seconds": of("Seconds_Behind_Source", "Seconds_Behind_Master"),
        "delay": float(of("SQL_Delay") or 0),
        "bytes": max(0, int(read) - int(applied)) if same and read is not None else int(of("Relay_Log_Space") or 0),
        "errno": int(of("Last_SQL_Errno") or 0) or int(of("Last_IO_Errno") or 0),
        "table": next((name for name in table.groups() if name), None) if table else None,
        "filters": ", ".join(f"{name}={row[name]}" for name in FILTERS if row.get(name)),
        "gtid": str(of("Using_Gtid", "Auto_Position")),
        "event": str(of("Replica_SQL_Running_State", "Slave_SQL_Running_State") or ""),
    }


async def _look(context: Context) -> list[Row]:
    if context.facts.engine == "postgres":
        return [_staged(row) for row in await context.rows(_query(context, "lag"))]
    return [_behind(row) for row in await replicas(context)]


def _staged(row: Row) -> Row:
    """A row of PostgreSQL with its bytes and the stage that most of them wait for; a declared delay is none."""
    parts = {name: int(row[name]) for name in STAGES if row[name] is not None}
    size, worst = sum(parts.values()), max(parts, key=lambda name: parts[name], default="unreplayed")
    delay = float(row["delay"] or 0)
    seconds = None if row["seconds"] is None else max(0.0, float(row["seconds"]) - delay)
    behind = {"bytes": size if not delay else None, "seconds": seconds, "state": "running"}
    return {**row, **behind, "stage": STAGES[worst] if size else "none"}


def _behind(row: Row) -> Row:
    """A channel as a row of lag; its time is unknown while a thread stands still."""
    running = row["io"] == "Yes" and row["sql"] == "Yes"
    seconds = None if row["seconds"] is None else max(0.0, float(row["seconds"]) - row["delay"])
    size = None if row["delay"] else row["bytes"]
    return {
        "replica": row["channel"], "stage": "apply" if size or seconds else "none", "seconds": seconds, "bytes": size,
        "unsent": None, "unflushed": None, "unreplayed": size, "delay": row["delay"],
        "state": "running" if running else "stopped", "event": row["event"],
    }  # fmt: skip


def _smaller(first: Row, second: Row) -> Row:
    known = {name: _least([first[name], second[name]]) for name in ("seconds", "bytes")}
    return {**second, **known}


def _least(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return min(known) if len(known) == len(values) else values[-1]


def _query(context: Context, name: str) -> str:
    facts = context.facts
    sql = newest(_queries()[facts.engine][name], facts.version)
    if not sql:
        raise Unmeasured("not_in_version", f"{name} is not known of {facts.engine} {facts.version_text}")
    return sql


@cache
def _queries() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
