"""Writes that failed for want of space."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import said, usual
from dbmedic.core.values import Row

FULL = re.compile(
    r"[Nn]o space left|[Dd]isk (?:is )?full|[Dd]isk quota exceeded|The table .* is full|errno:? 28|MISCONF|"
    r"write error|设备上没有空间"
)
PLACE = re.compile(r'(?:file|path|directory|segment) ["\'`]?([^\s"\'`:,]+)')


async def rows(context: Context) -> list[Row]:
    """One row where any write failed."""
    found = await said(context)
    failed = found.those(lambda one: one.code in ("53100", "1021", "1114") or bool(FULL.search(one.message)))
    if not failed:
        return []
    places = [match[1] for one in failed if (match := PLACE.search(one.message))]
    return [
        found.row(failed)
        | {"place": usual(places), "said": failed[-1].message[:300], "query": usual(one.statement for one in failed)}
    ]
