"""Slow statements that a server wrote down: the slow log of MySQL and MariaDB, the durations in PostgreSQL's log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from dbmedic.kit.statements import normalised

_COUNTS = re.compile(
    r"^# Query_time: (?P<took>[\d.]+)\s+Lock_time: (?P<lock>[\d.]+)\s+Rows_sent: (?P<sent>\d+)"
    r"\s+Rows_examined: (?P<seen>\d+)"
)
_DURATION = re.compile(
    r"\bduration: (?P<took>[\d.]+) ms\s+(?:statement|(?:execute|parse|bind) [^:]*|plan): ?(?P<text>.*)$"
)
_PG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_OTHER = re.compile(
    r"^(?:use [`\w]+;?|SET timestamp=\d+;?|SET insert_id=.*|# .*|Tcp port:.*|Time +Id +Command.*)$", re.IGNORECASE
)
MAX_TEXT = 8000


class Slow(Struct, kw_only=True):
    """One statement with all its entries."""

    query: str
    count: int = 0
    total_s: float = 0.0
    longest_s: float = 0.0
    lock_s: float = 0.0
    sent: int = 0
    examined: int = 0


class SlowLog(Struct, frozen=True, kw_only=True):
    engine: str
    entries: int
    total_s: float
    slowest: tuple[Slow, ...]
    """By the time they took in all, most first."""


def slow_log(lines: Sequence[str]) -> SlowLog | None:
    """The statements by the time they took; None for a text without durations."""
    for engine, reader in (("mysql", _mysql), ("postgres", _postgres)):
        found: dict[str, Slow] = {}
        count, total = 0, 0.0
        for one in reader(lines):
            query = normalised(one.query[:MAX_TEXT], engine)
            slow = found.setdefault(query, Slow(query=query))
            slow.count += 1
            slow.total_s += one.total_s
            slow.longest_s = max(slow.longest_s, one.total_s)
            slow.lock_s += one.lock_s
            slow.sent += one.sent
            slow.examined += one.examined
            count, total = count + 1, total + one.total_s
        if count:
            ordered = sorted(found.values(), key=lambda slow: -slow.total_s)
            return SlowLog(engine=engine, entries=count, total_s=total, slowest=tuple(ordered))
    return None


def _mysql(lines: Sequence[str]) -> Iterator[Slow]:
    entry: Slow | None = None
    text: list[str] = []
    for line in [*lines, "# Time: end"]:
        counts = _COUNTS.match(line)
        if line.startswith("#") and entry is not None and text:
            entry.query = " ".join(text)
            yield entry
            entry, text = None, []
        if counts:
            entry = Slow(
                query="", total_s=float(counts["took"]), lock_s=float(counts["lock"]),
                sent=int(counts["sent"]), examined=int(counts["seen"]),
            )  # fmt: skip
        elif entry is not None and line.strip() and not _OTHER.match(line.strip()) and len(text) < 200:
            text.append(line.strip())


def _postgres(lines: Sequence[str]) -> Iterator[Slow]:
    entry: Slow | None = None
    for line in lines:
        found = _DURATION.search(line[: MAX_TEXT * 2])
        if found or _PG_LINE.match(line):
            if entry is not None:
                yield entry
            entry = Slow(query=found["text"], total_s=float(found["took"]) / 1000) if found else None
            if found and "plan:" in found[0][:80]:
                entry = Slow(query="", total_s=float(found["took"]) / 1000) if entry else None
        elif entry is not None and line.strip() and len(entry.query) < MAX_TEXT:
            if entry.query == "" and line.strip().startswith("Query Text:"):
                entry.query = line.strip().removeprefix("Query Text:").strip()
            elif not re.search(r"\(cost=|Query Text:", line):
                entry.query += " " + line.strip()
    if entry is not None:
        yield entry
