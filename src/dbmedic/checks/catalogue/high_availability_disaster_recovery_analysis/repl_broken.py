"""Whether the threads of a replica run; one that only connects is looked at twice."""

from __future__ import annotations

from dbmedic.checks import replication
from dbmedic.checks.context import Context
from dbmedic.core.values import Row

WHAT = {
    0: "no error", 1032: "row not found", 1045: "access denied", 1062: "duplicate key", 1236: "log is gone",
    2003: "cannot connect", 2013: "cannot connect",
}  # fmt: skip


async def rows(context: Context) -> list[Row]:
    """One row per channel."""
    found = await replication.replicas(context)
    if any(row["io"] in ("Connecting", "Preparing") for row in found):
        await context.wait()
        found = await replication.replicas(context)
    return [told(row, context.facts.engine) for row in found]


def told(row: Row, engine: str) -> Row:
    """The channel with what its error means and the statement that starts it."""
    channel = row["channel"].replace("'", "''")
    of = f" FOR CHANNEL '{channel}'" if engine == "mysql" else f" '{channel}'"
    return {
        **row,
        "stopped": "no" if row["io"] == "Yes" and row["sql"] == "Yes" else "yes",
        "what": WHAT.get(row["errno"], "another error"),
        "start": "START REPLICA" + (of if channel else ""),
        "archive": None,
    }
