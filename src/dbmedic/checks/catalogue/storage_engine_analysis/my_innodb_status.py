"""`SHOW ENGINE INNODB STATUS` in numbers.  Its words differ by fork and version: what is not there is None.

Sections are found by their titles between two rules, whichever are there.  Dumps of records hold values of users' rows
and are not read.
"""

from __future__ import annotations

import re

from dbmedic.checks.catalogue.lock_wait_deadlock_analysis import deadlock_detail
from dbmedic.checks.context import Context
from dbmedic.core.values import Row

TITLE = re.compile(r"^-{3,}\n([A-Z][A-Z /,&]+)\n-{3,}$", re.MULTILINE)
LATCH = re.compile(r"has waited at .* for ([\d.]+) seconds")
SPAN_S = 20
"""Averages over less than this are not told."""


async def rows(context: Context) -> list[Row]:
    """One row."""
    return [told(await status(context))]


async def status(context: Context) -> str:
    """The report, asked for once per run."""

    async def get() -> str:
        found = await context.rows(context.query("status"))
        return str(found[0]["Status"]) if found else ""

    return str(await context.lanes.once("innodb status", get))


def sections(text: str) -> dict[str, str]:
    """Title -> text of each section."""
    found = list(TITLE.finditer(text))
    ends = [*(one.start() for one in found[1:]), len(text)]
    return {one[1]: text[one.end() : end].strip() for one, end in zip(found, ends, strict=False)}


def told(text: str) -> Row:
    """The numbers that the report says."""
    parts = sections(text)
    log, pool, files = (parts.get(name, "") for name in ("LOG", "BUFFER POOL AND MEMORY", "FILE I/O"))
    span = _number(r"averages calculated from the last (\d+) seconds", text)
    latches = [float(one) for one in LATCH.findall(parts.get("SEMAPHORES", ""))]
    written, flushed, checkpoint = (
        _number(rf"{words}\s+(\d+)", log)
        for words in ("Log sequence number", "Log flushed up to", "Last checkpoint at")
    )
    rate = re.search(r"Buffer pool hit rate (\d+) / (\d+)", pool)
    deadlock = deadlock_detail.told(text)
    return {
        "span": span,
        "history": _number(r"History list length (\d+)", text),
        "pending_reads": _number(r"Pending reads\s+(\d+)", pool),
        "pending_writes": _sum(r"Pending writes: (.*)", pool),
        "pending_syncs": _sum(r"Pending flushes \(fsync\)(?: log)?: (.*)", files),
        "unflushed": None if written is None or flushed is None else written - flushed,
        "checkpoint_age": None if written is None or checkpoint is None else written - checkpoint,
        "hit_rate": int(rate[1]) / int(rate[2]) if rate and (span or 0) >= SPAN_S else None,
        "latches": len(latches),
        "longest_latch": max(latches, default=None),
        "deadlock": deadlock[0]["age"] if deadlock else None,
    }


def _number(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text)
    return int(found[1]) if found else None


def _sum(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text)
    return sum(int(one) for one in re.findall(r"\d+", found[1])) if found else None
