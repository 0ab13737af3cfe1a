"""How something grows, from its daily maxima, and when it reaches a limit: a range, or that there is no trend.  Pure.

Theil-Sen: the median of all pairwise slopes, with the 20th and 80th percentile as its interval, over the days since the
last change point.  A jump is a burst: it is named, its day begins a new segment, and it is never extrapolated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Literal, TypeAlias

from msgspec import Struct

from dbmedic.core.history import Kept

DAY_S = 86_400.0
LEAST, SURE, MOST = 3, 7, 90
"""Days: below the first there is no trend, below the second it is of low confidence, older ones do not count."""
BURST = 5.0
"""A day's growth is a burst when it is so many times the median day's, and above both floors below."""
BURST_BYTES = 1 << 30
BURST_SHARE = 0.02
"""Of the limit."""
BENT = 3.0
"""The pace has changed where the median slope after a day is so many times that before, either way."""
PIECE = 5
"""Days on each side that a change of pace needs."""
HORIZON_S = 10 * 365 * DAY_S
"""What is further away is no date."""

Kind: TypeAlias = Literal["none", "flat", "trend"]
Point: TypeAlias = tuple[float, float]
"""Days since any fixed moment, and the most on that day."""


class Trend(Struct, frozen=True, kw_only=True):
    """What the points say."""

    kind: Kind
    """none: too few points; flat: it does not grow, or nobody can tell; trend: it grows."""
    points: int
    """Days that were looked at, after the last change point."""
    slope: float = 0.0
    """A day."""
    low: float = 0.0
    high: float = 0.0
    sure: bool = False
    burst: float = 0.0
    """What the last jump added; 0 where there was none."""
    burst_at: float | None = None
    """Its day."""


class Eta(Struct, frozen=True):
    """When a limit is reached, in seconds from now."""

    soonest: float
    latest: float | None
    """None: later than ten years, or never at the lower pace."""


def trend(points: Sequence[Point], *, burst: float = BURST_BYTES) -> Trend:
    """The trend of daily maxima, oldest first; a jump of less than `burst` is none."""
    points = list(points)[-MOST:]
    start, jump = _last_jump(points, burst)
    points = points[start:]
    points = points[_last_bend(points) :]
    burst_at = points[0][0] if jump and points else None
    if len(points) < LEAST:
        return Trend(kind="none", points=len(points), burst=jump, burst_at=burst_at)
    slopes = _slopes(points)
    slope, low, high = median(slopes), quantile(slopes, 0.2), quantile(slopes, 0.8)
    kind: Kind = "trend" if slope > 0 and low > 0 else "flat"
    return Trend(
        kind=kind, points=len(points), slope=slope, low=low, high=high, sure=len(points) >= SURE, burst=jump,
        burst_at=burst_at,
    )  # fmt: skip


def eta(found: Trend, now: float, limit: float) -> Eta | None:
    """When `limit` is reached from `now` on; None without a trend, and when that is out of sight.

    What is over the limit already is reached in 0 s.
    """
    if now >= limit:
        return Eta(0.0, 0.0)
    if found.kind != "trend" or found.high <= 0:
        return None
    soonest = (limit - now) / found.high * DAY_S
    latest = (limit - now) / found.low * DAY_S if found.low > 0 else None
    if soonest > HORIZON_S:
        return None
    return Eta(soonest, latest if latest is not None and latest <= HORIZON_S else None)


def daily(samples: Sequence[Kept], name: str) -> list[Point]:
    """(day, the most of that day) of a name, oldest first; days without a sample are not there."""
    most: dict[float, float] = {}
    for one in samples:
        if (values := one.values.get(name)) is not None:
            # A sample stands for the time before it: one that ends at midnight belongs to the day that ends.
            day = (one.at.timestamp() - 1e-6) // DAY_S
            most[day] = max(most.get(day, values[-1]), values[-1])
    return sorted(most.items())


def growth(samples: Sequence[Kept], since: datetime, prefix: str = "") -> list[tuple[str, float, float]]:
    """(name, before, now) of what grew since then, most first; what is new counts from zero.

    Compares the last sample with the last one that is not younger than `since`, or the first there is.
    """
    if not samples:
        return []
    base = next((one for one in reversed(samples) if one.at <= since), samples[0])
    return grown(base.values, samples[-1].values, prefix)


def grown(
    before: Mapping[str, tuple[float, ...]], after: Mapping[str, tuple[float, ...]], prefix: str = ""
) -> list[tuple[str, float, float]]:
    """(name, before, now) of what grew between two samples, most first."""
    found = [
        (name, before[name][0] if name in before else 0.0, values[0])
        for name, values in after.items()
        if name.startswith(prefix)
    ]
    return sorted((one for one in found if one[2] > one[1]), key=lambda one: one[1] - one[2])


def is_burst(day: float, usual: float, limit: float | None = None, *, floor: float = BURST_BYTES) -> bool:
    """Whether a day's growth is a step and no trend: five times the usual day's and over 1 GiB or 2 % of the limit."""
    least = min(floor, BURST_SHARE * limit) if limit else floor
    return day > BURST * max(usual, 0.0) and day > least


def quantile(values: Sequence[float], share: float) -> float:
    """Between the two nearest of the sorted values."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    lower = int(place)
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] + (ordered[upper] - ordered[lower]) * (place - lower)


def usual_day(points: Sequence[Point]) -> float:
    """The median growth of a day; 0 with fewer than two points."""
    steps = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(points)]
    return median(steps) if steps else 0.0


def _slopes(points: Sequence[Point]) -> list[float]:
    return [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for place, earlier in enumerate(points)
        for later in points[place + 1 :]
    ]


def _last_jump(points: Sequence[Point], floor: float) -> tuple[int, float]:
    """(where the segment after the last jump begins, what the jump added); a drop begins a segment, too.

    A step that is as large on three days in a row is a new pace and no jump.
    """
    usual = abs(usual_day(points))
    jumps = [abs(b[1] - a[1]) / (b[0] - a[0]) > BURST * usual and abs(b[1] - a[1]) > floor for a, b in pairwise(points)]
    for place in range(len(jumps) - 1, -1, -1):
        if jumps[place] and not any(
            all(jumps[n : n + 3]) for n in range(max(0, place - 2), place + 1) if n + 3 <= len(jumps)
        ):
            return place + 1, max(points[place + 1][1] - points[place][1], 0.0)
    return 0, 0.0


def _last_bend(points: Sequence[Point]) -> int:
    """Where the pace changed last: the days after it go clearly faster or slower than those before."""
    steps = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(points)]
    for place in range(len(steps) - PIECE, PIECE - 1, -1):
        before, after = steps[max(0, place - 2 * PIECE) : place], steps[place : place + 2 * PIECE]
        low_before, low_after = quantile(before, 0.2), quantile(after, 0.2)
        high_before, high_after = quantile(before, 0.8), quantile(after, 0.8)
        faster = low_after > BENT * max(high_before, 0.0) and low_after > 0
        slower = low_before > BENT * max(high_after, 0.0) and low_before > 0
        if faster or slower:
            return place
    return 0
