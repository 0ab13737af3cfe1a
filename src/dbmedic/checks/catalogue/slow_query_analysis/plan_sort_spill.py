"""Sorts and hashes that are expected to need more memory than one may have."""

from __future__ import annotations

from dbmedic.checks import planned
from dbmedic.checks.context import Context
from dbmedic.core.values import Row
from dbmedic.kit import plans

MOST_MB = 256


async def rows(context: Context) -> list[Row]:
    """One row per statement: its largest sort or hash, `need` against `memory`, and what it wrote per call."""
    settings = context.facts.settings
    memory = float(settings.get("work_mem", 4096)) * 1024
    times = float(settings.get("hash_mem_multiplier", 1))
    found: list[Row] = []
    for one in await planned.planned(context):
        steps = [node for node in plans.steps(one.plan) if node.does in ("sort", "hash") and node.width]
        if not steps:
            continue
        worst = max(steps, key=lambda node: (node.expected or 0) * (node.width or 0))
        statement = one.statement
        written = statement["temp_bytes"] / statement["calls"] if statement["calls"] and statement["temp_bytes"] else 0
        found.append(
            {
                **{key: statement.get(key) for key in planned.OF_STATEMENT},
                "need": (worst.expected or 0) * (worst.width or 0),
                "memory": memory * (times if worst.does == "hash" else 1),
                "step": worst.title,
                "keys": ", ".join(worst.keys),
                "written": written,
                "advised": _advised((worst.expected or 0) * (worst.width or 0)),
            }
        )
    return found


def _advised(need: float) -> str | None:
    """A `work_mem` in which it would fit; None where that is more than one role should be given."""
    size = 8
    while size * 2**20 < 1.5 * need:
        size *= 2
    return f"{size}MB" if size <= MOST_MB else None
