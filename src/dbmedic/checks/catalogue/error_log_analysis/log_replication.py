"""What ended replication: logs that were gone, slots that were dropped, rows that did not fit."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import grouped, said
from dbmedic.core.values import Row
from dbmedic.kit.serverlog.entry import Entry

LOST = re.compile(
    r"requested WAL segment .* has already been removed|invalidating obsolete replication slot|invalidat\w+ slot|"
    r"replication slot .* (?:was|has been) invalidated|can no longer get changes from replication slot|"
    r"fatal error 1236|Could not find first log file|Relay log read failure"
)
DIVERGED = re.compile(
    r"(?:Slave|Replica).*(?:Error_code: (?:MY-)?0*|error code )(?:1062|1032|1594|1452)\b|"
    r"conflicts? detected on relation|logical replication target relation .* is missing"
)
ENDED = re.compile(r"terminating walsender process due to replication timeout|could not receive data from WAL stream")
OURS = re.compile(r"administrator command")


async def rows(context: Context) -> list[Row]:
    """A row per kind: `lost`, `diverged`, or `ended` and begun again."""
    found = await said(context)
    groups = grouped(found.those(lambda one: _kind(one) is not None), _kind)
    return [found.row(entries) | {"kind": kind, "said": entries[-1].message[:300]} for kind, entries in groups.items()]


def _kind(one: Entry) -> str | None:
    if OURS.search(one.message):
        return None
    if LOST.search(one.message):
        return "lost"
    return "diverged" if DIVERGED.search(one.message) else "ended" if ENDED.search(one.message) else None
