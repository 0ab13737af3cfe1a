"""The log of Redis and Valkey: `pid:role dd Mon yyyy HH:MM:SS.mmm # message`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from dbmedic.kit.serverlog.entry import Entry, Severity, without_values

_LINE = re.compile(
    r"^(?P<pid>\d+):[A-Z] (?P<day>\d\d) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}) (?P<time>\d\d:\d\d:\d\d\.\d{3}) "
    r"(?P<mark>[.*#-]) (?P<text>.*)$"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BAD = re.compile(r"error|fail|can't|unable|no space|out of memory|crash|MISCONF|refus|denied|corrupt", re.IGNORECASE)


def entries(lines: Iterable[tuple[datetime | None, str]], zone: tzinfo) -> list[Entry]:
    """Warnings and errors, starts and stops."""
    found: list[Entry] = []
    for carried, line in lines:
        match = _LINE.match(line)
        if match is None or match["mark"] in ".-":
            continue
        text = match["text"]
        severity: Severity = "log"
        if _BAD.search(text):
            severity = "error"
        elif match["mark"] == "#":
            severity = "warning"
        elif "ready to accept connections" not in text.lower():
            continue
        at = moment(line, zone) or carried
        if at is not None:
            found.append(Entry(at=at, severity=severity, message=without_values(text), pid=match["pid"]))
    return found


def moment(line: str, zone: tzinfo) -> datetime | None:
    """When a line was written, as UTC."""
    match = _LINE.match(line)
    if match is None or match["month"] not in _MONTHS:
        return None
    month = _MONTHS.index(match["month"]) + 1
    try:
        at = datetime.fromisoformat(f"{match['year']}-{month:02}-{match['day']}T{match['time']}")
    except ValueError:
        return None
    return at.replace(tzinfo=zone).astimezone(UTC)
