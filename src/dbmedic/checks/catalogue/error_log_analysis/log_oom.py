"""Memory that was refused to the server, and processes that the kernel killed."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import grouped, said, usual
from dbmedic.core.values import Row
from dbmedic.kit.serverlog.entry import Entry

KILLED = re.compile(r"was terminated by signal 9|got signal 9")
REFUSED = re.compile(
    r"^out of memory|[Cc]annot allocate memory|[Oo]ut of memory|Out of sort memory|Can't (?:allocate|create thread)|"
    r"command not allowed when used memory|Needed \d+, have|内存用尽"
)


async def rows(context: Context) -> list[Row]:
    """A row for kills and one for refusals, where there were any."""
    found = await said(context)
    groups = grouped(found.those(lambda one: _kind(one) is not None), _kind)
    return [
        found.row(entries)
        | {"kind": kind, "said": entries[-1].message[:300], "query": usual(one.statement for one in entries)}
        for kind, entries in groups.items()
    ]


def _kind(one: Entry) -> str | None:
    if KILLED.search(one.message):
        return "killed"
    return "refused" if one.code in ("53200", "1037", "1038", "1041") or REFUSED.search(one.message) else None
