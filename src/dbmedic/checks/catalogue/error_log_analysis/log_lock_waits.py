"""Waits for locks that were long enough to be logged, by what they waited for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import HOUR, grouped, logged, said, usual
from dbmedic.core.values import Row
from dbmedic.kit.serverlog.entry import Entry

WAIT = re.compile(
    r"process (?P<pid>\d+) (?P<how>still waiting|acquired|detected deadlock while waiting) ?(?:for )?(?P<mode>\w+) on "
    r"(?P<what>.+?) after (?P<ms>[\d.]+) ms"
)
HELD = re.compile(r"holding the lock: (\d+)")
RELATION = re.compile(r'relation "([^"]+)"')


async def rows(context: Context) -> list[Row]:
    """A row per object: waits, the longest, who held it, and the statement that waited most."""
    found = await said(context, HOUR)
    logged(context, "log_lock_waits", "off", "on")
    told = found.those(lambda one: bool(WAIT.search(one.message)))
    longest = _longest(told)
    waits = [one for one in told if "still waiting" in one.message]
    running = {one.pid: one.statement for one in found.entries if one.statement}
    made = []
    for on, entries in grouped(waits, object_of).items():
        holders = [match[1] for one in entries if (match := HELD.search(one.detail))]
        holder = usual(holders)
        made.append(
            found.row(entries)
            | {"on_object": on, "longest": max(longest.get(one.pid, 0.0) for one in entries), "holder": holder,
               "mode": usual(match["mode"] for one in entries if (match := WAIT.search(one.message))),
               "query": usual(one.statement for one in entries), "holder_query": running.get(holder or "")}
        )  # fmt: skip
    return made


def object_of(one: Entry) -> str:
    """What was waited for: the relation where the log names it, else the lock's own object without its number."""
    match = RELATION.search(one.context) or RELATION.search(one.message)
    if match:
        return match[1]
    waited = WAIT.search(one.message)
    return re.sub(r"\s*\d+.*", "", waited["what"]) if waited else "a lock"


def _longest(entries: Sequence[Entry]) -> dict[str, float]:
    """Seconds that each session waited at most, by its process."""
    found: dict[str, float] = {}
    for one in entries:
        if match := WAIT.search(one.message):
            found[one.pid] = max(found.get(one.pid, 0.0), float(match["ms"]) / 1000)
    return found
