"""From when to when the database can be restored, and what would be lost: the newest backup joined with the log."""

from __future__ import annotations

from dbmedic.checks.catalogue.backup_recovery_analysis.backup_evidence import newest
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row.  Raises `Unmeasured("no_host_source", …)` when no backup is known."""
    log = (await context.rows(context.query("log")))[0]
    backup = await newest(context, context.query("history"))
    return [joined(backup, log)]


def joined(backup: Row, log: Row) -> Row:
    """backup, age, log ("archived", "on this server", "gap" or "none"), kept, and loss in seconds.

    A log that lies on the server alone is lost with it, and one that is kept for less than the backup's age has a gap.
    """
    age, kept, state, loss = backup["age"], log["kept"], str(log["log"]), log["loss"]
    if state != "none" and (age is None or (kept is not None and float(kept) < age)):
        state = "gap"
    if loss is None or state in ("none", "gap"):
        loss = age
    return {"backup": backup["ended"], "age": age, "log": state, "kept": kept, "loss": loss}
