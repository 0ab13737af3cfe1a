"""The error log of MySQL and MariaDB: a time, a thread, `[Note]`, `[Warning]` or `[ERROR]`, and the message."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from dbmedic.kit.evidence.deadlock import Deadlock, deadlock
from dbmedic.kit.serverlog.entry import LONGEST, Entry, Severity

_LINE = re.compile(
    r"^(?P<at>\d{4}-\d\d-\d\d[T ] ?\d{1,2}:\d\d:\d\d(?:\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?) +(?P<thread>\d+) +"
    r"\[(?P<level>\w+)\] +(?:\[(?P<code>MY-\d+)\] +)?(?:\[\w+\] +)?(?P<text>.*)$"
)
_CRASH = re.compile(
    r"^(?P<at>\d{6} +\d{1,2}:\d\d:\d\d|\d\d:\d\d:\d\d UTC) .*?(?P<text>(?:mysqld|mariadbd) got signal \d+.*)"
)
_LEVELS: dict[str, Severity] = {"ERROR": "error", "Error": "error", "Warning": "warning"}
_DENIED = re.compile(r"Access denied for user '(?P<user>[^']*)'@'(?P<host>[^']*)'")
_ABORTED = re.compile(r"user: '(?P<user>[^']*)' host: '(?P<host>[^']*)'")
_NUMBER = re.compile(r"(?:Error_code: (?:MY-)?0*|Internal MariaDB error code: |error(?: code)? |errno: )(\d{2,5})")
_TABLE = re.compile(r"(?:[Tt]able|index|tablespace|file|space) ['`\"]?$")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'?|\"(?:[^\"\\]|\\.)*\"?")
MOST = 400
"""Lines of one InnoDB report that are kept to be read."""


def entries(lines: Iterable[tuple[datetime | None, str]], zone: tzinfo) -> list[Entry]:
    """The entries worth knowing: errors, warnings, and what tells of starts, crashes and deadlocks."""
    found: list[Entry] = []
    last: tuple[datetime, re.Match[str]] | None = None
    below: list[str] = []
    for carried, line in lines:
        match = _LINE.match(line)
        if match is None:
            crash = _CRASH.match(line)
            if crash is not None:
                at = _old(crash["at"], zone) or carried or (last[0] if last else None)
                if at is not None:
                    found.append(Entry(at=at, severity="panic", message=_plain(crash["text"])))
            elif last is not None and len(below) < MOST:
                below.append(line)
            continue
        heading = match["text"].removeprefix("InnoDB:").strip()
        if last is not None and _report(last[1]["text"]) and (not heading or heading.startswith("***")):
            below.append(heading)  # each heading of a report has a time of its own
            continue
        found += _entry(last, below)
        at = moment(line, zone)
        last, below = ((at, match) if at is not None else None), []
    return found + _entry(last, below)


def _entry(last: tuple[datetime, re.Match[str]] | None, below: list[str]) -> list[Entry]:
    if last is None:
        return []
    at, match = last
    text, severity = match["text"], _LEVELS.get(match["level"], "log")
    story: Deadlock | None = deadlock(below) if _report(text) else None
    if severity == "log" and story is None and not _worth(text):
        return []
    code = str(int(match["code"][3:])) if match["code"] else ""
    number = _NUMBER.search(text)
    who = _DENIED.search(text) or _ABORTED.search(text)
    return [
        Entry(
            at=at,
            severity=severity,
            code="1213" if story else number[1] if number else "1045" if "Access denied" in text else code,
            message=_plain(text),
            pid=match["thread"],
            user=who["user"] if who else "",
            host=who["host"] if who else "",
            deadlock=story,
        )
    ]


def _report(text: str) -> bool:
    return "ransactions deadlock detected" in text


def _worth(text: str) -> bool:
    return any(
        word in text
        for word in (
            "Starting crash recovery", "crash recovery", "was not shutdown normally", "ready for connections",
            "Normal shutdown", "got signal", "Slave", "Replica", "Access denied", "Aborted connection", "disk full",
        )
    )  # fmt: skip


def _plain(text: str) -> str:
    """The message with quoted texts hidden but names of accounts, tables and files."""
    text = text[:LONGEST]

    def hidden(match: re.Match[str]) -> str:
        before = text[: match.start()]
        named = before.endswith(("for user ", "@", "host: ", "user: ", "db: ")) or _TABLE.search(before)
        return match[0] if named else "?"

    return _QUOTED.sub(hidden, text)


def moment(line: str, zone: tzinfo) -> datetime | None:
    """When a line was written, as UTC; None for a line that continues another."""
    match = _LINE.match(line[:400])
    if match is None:
        return None
    try:
        at = datetime.fromisoformat(re.sub(r"[T ] ?(\d):", r"T0\1:", match["at"].replace("  ", " ")))
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _old(text: str, zone: tzinfo) -> datetime | None:
    """The short date in front of a crash, such as 261121 14:03:07."""
    match = re.match(r"(\d\d)(\d\d)(\d\d) +(\d{1,2}):(\d\d):(\d\d)", text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None
