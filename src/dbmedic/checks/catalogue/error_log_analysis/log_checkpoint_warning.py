"""Checkpoints that came too soon after each other."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import HOUR, said
from dbmedic.core.values import Row

OFTEN = re.compile(r"checkpoints are occurring too frequently \((\d+) seconds? apart\)|检查点出现太频繁")


async def rows(context: Context) -> list[Row]:
    """One row where the server warned."""
    found = await said(context, HOUR)
    warned = found.those(lambda one: bool(OFTEN.search(one.message)))
    if not warned:
        return []
    apart = [float(match[1]) for one in warned if (match := OFTEN.search(one.message)) and match[1]]
    return [found.row(warned) | {"apart": min(apart, default=None), "max_wal": _bytes(context)}]


def _bytes(context: Context) -> int | None:
    value = context.facts.settings.get("max_wal_size", "")
    return int(value) * 1024 * 1024 if value.isdigit() else None
