"""What checks of a server's log share: one reading per run, the stretch that is asked about, and rates over time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.history import Asked
from dbmedic.core.serverlog import LogRead
from dbmedic.core.values import Row
from dbmedic.kit.serverlog.entry import Entry
from dbmedic.kit.units import time_text

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
K = TypeVar("K")


class Said:
    """The log of a run's server, and the part of it that a check is about."""

    def __init__(self, read: LogRead, span: Asked) -> None:
        self.read, self.span = read, span
        self.entries = [one for one in read.entries if span.start <= one.at <= span.end]
        self.source = read.source

    def those(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        return [one for one in self.entries if wanted(one)]

    def row(self, found: Sequence[Entry]) -> Row:
        """Count, first, last and rates of entries of one kind, of which there is at least one."""
        times = [one.at for one in found]
        return {
            "seen": len(found),
            "first": times[0],
            "last": times[-1],
            "age": max(0.0, (self.span.end - times[-1]).total_seconds()),
            "per_hour": most(times, 3600),
            "per_min": most(times, 60),
            "source": self.source,
        }


async def said(context: Context, usual: timedelta = DAY) -> Said:
    """The log of the stretch that the question is about; without one of the last `usual`.

    Raises `Unmeasured("no_log_source")` where there is no log, or none of that time.
    """
    lanes = context.lanes
    source, target = lanes.target.logs, lanes.target
    if source is None:
        raise Unmeasured("no_log_source", "no log is read here")
    span = context.asked(usual)
    now = datetime.now(UTC)
    if now - span.end < timedelta(minutes=2):
        span = Asked(span.start, now + timedelta(minutes=1))  # the server's clock may be a little ahead
    start = min(span.start, span.end - DAY)

    async def get() -> LogRead:
        return await source.read(target.instance, target.engine, start, span.end)

    read: LogRead = await lanes.once(f"log since {target.asked}", get)
    if read.start > span.end:
        begins = time_text(read.start)
        raise Unmeasured(
            "no_log_source", f"the log {read.source} that can be read begins at {begins}, later than asked"
        )
    if read.start > span.start + timedelta(minutes=1) and target.asked is not None:
        context.better = f"the log was read back to {time_text(read.start)} only"
    return Said(read, span)


def most(times: Iterable[datetime], within_s: float) -> int:
    """How many of the moments lie at most within a stretch of so many seconds."""
    inside: deque[datetime] = deque()
    best = 0
    for at in sorted(times):
        inside.append(at)
        while (at - inside[0]).total_seconds() >= within_s:
            inside.popleft()
        best = max(best, len(inside))
    return best


def grouped(entries: Iterable[Entry], key: Callable[[Entry], K]) -> Mapping[K, list[Entry]]:
    """The entries by what they have in common, the most frequent first."""
    groups: dict[K, list[Entry]] = {}
    for one in entries:
        groups.setdefault(key(one), []).append(one)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def usual(texts: Iterable[str]) -> str | None:
    """The most frequent of the texts that say something."""
    found = Counter(text for text in texts if text).most_common(1)
    return found[0][0] if found else None


def clusters(entries: Sequence[Entry], apart_s: float = 300) -> list[list[Entry]]:
    """Entries that follow each other closely are of one event."""
    found: list[list[Entry]] = []
    for one in entries:
        if found and (one.at - found[-1][-1].at).total_seconds() <= apart_s:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def logged(context: Context, setting: str, off: str, on: str) -> None:
    """Raises `Unmeasured("feature_off")` where a setting keeps PostgreSQL from writing what a check reads."""
    if context.facts.settings.get(setting) == off:
        raise Unmeasured(
            "feature_off",
            f"{setting} is {off}, so the server does not write this",
            f"ALTER SYSTEM SET {setting} = {on}",
        )
