"""Threads that wait for a latch, from the SEMAPHORES of InnoDB's own report."""

from __future__ import annotations

import re

from dbmedic.checks.catalogue.storage_engine_analysis import my_innodb_status
from dbmedic.checks.context import Context
from dbmedic.core.values import Row

WAIT = re.compile(r"has waited at (\S+) line (\d+) for ([\d.]+) seconds")


async def rows(context: Context) -> list[Row]:
    """One row per place in the server's source."""
    return told(await my_innodb_status.status(context))


def told(status: str) -> list[Row]:
    found: dict[str, Row] = {}
    for file, line, seconds in WAIT.findall(my_innodb_status.sections(status).get("SEMAPHORES", "")):
        place = f"{file}:{line}"
        known = found.setdefault(place, {"place": place, "waits": 0, "longest": 0.0})
        known |= {"waits": known["waits"] + 1, "longest": max(known["longest"], float(seconds))}
    return sorted(found.values(), key=lambda row: -float(row["longest"]))
