"""The asked stretch of time against the usual one: numbers of the server and of its statements.  Pure.

Usual is the median of the same hours of the week over four weeks; with less history the same hours of the last seven
days, then the last 24 hours.  A change counts when it is four times the usual scatter and at least twofold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Literal

from msgspec import Struct

from dbmedic.checks.history_look import GAP
from dbmedic.core.history import Kept

WEEKS = 4
LEAST = 3
"""Samples that a usual value needs."""
NOTABLE, FOLD = 4.0, 2.0
SCATTER = 0.05
"""Of the median: the least that counts as scatter."""
CALLS = 5


class Usual(Struct, frozen=True, kw_only=True):
    """What a number is like at other times."""

    median: float
    mad: float
    samples: int
    basis: Literal["weeks", "days", "hours"]

    def off(self, value: float) -> float:
        """Distance from the median in scatters."""
        scatter = max(self.mad, SCATTER * abs(self.median))
        return abs(value - self.median) / scatter if scatter else (0.0 if value == self.median else float("inf"))

    def notable(self, value: float) -> bool:
        """Four scatters away, and twice as much or half."""
        low, high = sorted((abs(value), abs(self.median)))
        return self.off(value) >= NOTABLE and high >= FOLD * low


class Statement(Struct, frozen=True, kw_only=True):
    """One statement in the asked time and before."""

    queryid: str
    database: str
    query: str
    calls: float
    exec_s: float
    mean_s: float
    share: float
    """Of the time of all statements in the asked time."""
    window_s: float
    before_s: float | None = None
    """Median of its means before; None: it was not seen then."""
    before_calls: float = 0.0
    usual: Usual | None = None
    rows_per_call: float = 0.0
    before_rows: float | None = None
    read_per_call: float = 0.0
    before_read: float | None = None
    calls_per_s: float = 0.0
    before_calls_per_s: float | None = None
    onset: datetime | None = None
    """End of the first sample in which it was twice as slow."""

    @property
    def extra_s(self) -> float:
        """Time that it took more than it would have before."""
        return self.exec_s if self.before_s is None else (self.mean_s - self.before_s) * self.calls


def usual(values: Sequence[tuple[datetime, float]], start: datetime, end: datetime) -> Usual | None:
    """What a number is usually like between `start` and `end`, from its values before; None with too few of them."""
    hours = {_hour_of_week(start + timedelta(hours=n)) for n in range(_hours(start, end))}
    days = {hour % 24 for hour in hours}
    chosen = [value for at, value in values if start - timedelta(weeks=WEEKS) < at <= start and _in(at, hours)]
    if len(chosen) >= LEAST and _distinct_days(values, start, hours) >= LEAST:
        return _usual(chosen, "weeks")
    chosen = [
        value
        for at, value in values
        if start - timedelta(days=7) < at <= start and (at - timedelta(seconds=1)).hour in days
    ]
    if len(chosen) >= LEAST and len({at.date() for at, _ in values if at <= start}) >= LEAST:
        return _usual(chosen, "days")
    chosen = [value for at, value in values if start - timedelta(days=1) < at <= start]
    return _usual(chosen, "hours") if len(chosen) >= LEAST else None


def statements(before: Sequence[Kept], during: Sequence[Kept], start: datetime, end: datetime) -> list[Statement]:
    """Statements of the asked time, the one that took most time first, with how they were before."""
    window = sum(one.window_s for one in during)
    total = sum(values[1] for one in during for values in one.values.values())
    names = {name for one in during for name in one.values}
    found = [_statement(name, before, during, start, end, window, total) for name in names]
    return sorted((one for one in found if one.calls > 0), key=lambda one: -one.exec_s)


def slower(one: Statement, *, calls: float = CALLS, more_s: float = 0.0, fold: float = FOLD) -> bool:
    """Whether it takes notably longer a call than before."""
    if one.before_s is None or one.usual is None or one.calls < calls or one.before_calls < calls:
        return False
    return one.mean_s >= fold * one.before_s and one.mean_s - one.before_s >= more_s and one.usual.off(one.mean_s) >= 4


def _statement(
    name: str,
    before: Sequence[Kept],
    during: Sequence[Kept],
    start: datetime,
    end: datetime,
    window: float,
    total: float,
) -> Statement:
    queryid, database, query = [*name.split(GAP, 2), "", ""][:3]
    now = [sum(column) for column in zip(*(one.values[name] for one in during if name in one.values), strict=True)]
    calls, exec_s = now[0], now[1]
    past = [one for one in before if name in one.values and one.values[name][0] > 0]
    means = [(one.at, one.values[name][1] / one.values[name][0]) for one in past]
    normal = usual(means, start, end) or (_usual([mean for _, mean in means], "hours") if means else None)
    sums = [sum(column) for column in zip(*(one.values[name] for one in past), strict=True)] if past else []
    covered = sum(one.window_s for one in before)
    return Statement(
        queryid=queryid,
        database=database,
        query=query,
        calls=calls,
        exec_s=exec_s,
        mean_s=exec_s / calls if calls else 0.0,
        share=exec_s / total if total else 0.0,
        window_s=window,
        before_s=normal.median if normal else None,
        before_calls=sums[0] if sums else 0.0,
        usual=normal,
        rows_per_call=now[2] / calls if calls else 0.0,
        before_rows=sums[2] / sums[0] if sums else None,
        read_per_call=now[3] / calls if calls else 0.0,
        before_read=sums[3] / sums[0] if sums else None,
        calls_per_s=calls / window if window else 0.0,
        before_calls_per_s=sums[0] / covered if sums and covered else None,
        onset=_first_slow(name, during, normal),
    )


def _first_slow(name: str, during: Sequence[Kept], normal: Usual | None) -> datetime | None:
    for one in during:
        values = one.values.get(name)
        if values and values[0] and (normal is None or values[1] / values[0] >= FOLD * normal.median):
            return one.at
    return None


def _usual(values: Sequence[float], basis: Literal["weeks", "days", "hours"]) -> Usual:
    middle = median(values)
    return Usual(median=middle, mad=median(abs(value - middle) for value in values), samples=len(values), basis=basis)


def _hour_of_week(at: datetime) -> int:
    return at.weekday() * 24 + at.hour


def _in(at: datetime, hours: set[int]) -> bool:
    """A sample stands for the time before its end."""
    return _hour_of_week(at - timedelta(seconds=1)) in hours


def _distinct_days(values: Sequence[tuple[datetime, float]], start: datetime, hours: set[int]) -> int:
    first = start - timedelta(weeks=WEEKS)
    return len({at.date() for at, _ in values if first < at <= start and _in(at, hours)})


def _hours(start: datetime, end: datetime) -> int:
    return min(168, max(1, int((end - start).total_seconds() // 3600) + 1))
