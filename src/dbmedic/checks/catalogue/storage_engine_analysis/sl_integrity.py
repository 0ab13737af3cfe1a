"""What SQLite's own check says of a file that is small enough to be read as a whole."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row
from dbmedic.kit.units import bytes_text

LARGEST, THOROUGH = 2**30, 2**28
"""Bytes of a file that is read at all; and of one whose indexes are compared with their tables, too."""
TABLE = re.compile(
    r"(?:value in|in index|missing from index|entries in index|constraint failed in) (\w+)|[Tt]ree (\w+)"
)


async def rows(context: Context) -> list[Row]:
    """One row per table that is named, none for a sound file.  Raises `Unmeasured` for one above 1 GiB."""
    settings = context.facts.settings
    size = int(settings.get("page_size", 0)) * int(settings.get("page_count", 0))
    if size > LARGEST:
        raise Unmeasured("timeout", f"{bytes_text(size)} are more than the {bytes_text(LARGEST)} that are read at once")
    found: dict[str, Row] = {}
    for one in await context.rows(context.query("check" if size <= THOROUGH else "quick")):
        message = str(next(iter(one.values())))
        if message == "ok":
            continue
        match = TABLE.search(message)
        table = next((name for name in match.groups() if name), "") if match else ""
        row = found.setdefault(table, {"table": table or "file", "message": message, "damages": 0})
        row["damages"] += 1
    return list(found.values())
