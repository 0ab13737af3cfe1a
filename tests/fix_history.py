"""Canned history: weeks of samples made by hand, for what no test can wait for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dbmedic.core.history import Kept, Series, State, StateKind

NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
"""A Friday morning."""
HOUR = timedelta(hours=1)
STATEMENT = "42\x1fshop\x1fselect * from orders where customer_id = $1"
OTHER = "43\x1fshop\x1fupdate stock set n = n - $1 where id = $2"


@dataclass
class Canned:
    """A `History` of lists."""

    began: datetime | None = NOW - timedelta(days=30)
    fine: dict[Series, list[Kept]] = field(default_factory=dict)
    coarse: dict[Series, list[Kept]] = field(default_factory=dict)
    changed: dict[StateKind, list[State]] = field(default_factory=dict)

    async def since(self) -> datetime | None:
        return self.began

    async def kept(self, series: Series, start: datetime, end: datetime, /, *, step_s: float = 0) -> list[Kept]:
        coarse = step_s >= 3600 or start < NOW - timedelta(days=2)
        samples = (self.coarse if coarse else self.fine).get(series, [])
        return [one for one in samples if start < one.at <= end]

    async def states(self, kind: StateKind, start: datetime, end: datetime, /) -> list[State]:
        found = self.changed.get(kind, [])
        before = [one for one in found if one.at <= start][-1:]
        return before + [one for one in found if start < one.at <= end]


def hours(values: Callable[[datetime], dict[str, tuple[float, ...]]], days: float = 28) -> list[Kept]:
    """A sample for each full hour before now."""
    last = NOW.replace(minute=0)
    times = [last - n * HOUR for n in range(round(days * 24))]
    return [Kept(at, 3600, values(at)) for at in reversed(times)]


def minutes(
    values: Callable[[datetime], dict[str, tuple[float, ...]]], back: float = 180, every: int = 5
) -> list[Kept]:
    """A sample every few minutes up to now."""
    times = [NOW - timedelta(minutes=n) for n in range(0, round(back), every)]
    return [Kept(at, every * 60, values(at)) for at in reversed(times)]


def statement(calls: float, mean_s: float, rows: float = 10, read: float = 0) -> tuple[float, ...]:
    return (calls, calls * mean_s, calls * rows, calls * read, 0.0)
