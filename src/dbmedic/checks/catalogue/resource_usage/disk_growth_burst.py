"""What the last day added, against a usual day, and in which object."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dbmedic.checks import forecast
from dbmedic.checks.catalogue.resource_usage.disk_forecast import PARTS, daily_and_now
from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.history import Kept
from dbmedic.core.values import Row

DAY = timedelta(days=1)
LEAST = 3
"""Days without which nobody knows a usual one."""


async def rows(context: Context) -> list[Row]:
    """volume, day (bytes of the last 24 hours), usual, free, total, since, top, top_grown; a row for all databases
    where no volume is seen.  Raises `Unmeasured("no_history")` with fewer than three days.
    """
    samples = await daily_and_now(context)
    names = {name for one in samples for name in one.values}
    spaces = [name for name in sorted(names) if name.startswith("used:")]
    if not spaces:
        samples, spaces = [_whole(one) for one in samples], ["databases"]
    found = [row for name in spaces if (row := _row(samples, name)) is not None]
    if not found:
        raise Unmeasured("no_history", f"a usual day is known after {LEAST} days of samples")
    return found


def _row(samples: Sequence[Kept], name: str) -> Row | None:
    seen = [one for one in samples if name in one.values]
    points = forecast.daily(seen, name)
    if len(points) < LEAST:
        return None
    last = seen[-1]
    base = next((one for one in reversed(seen) if one.at <= last.at - DAY), seen[0])
    day = last.values[name][0] - base.values[name][0]
    volume = name.partition(":")[2] or name
    total = last.values.get(f"total:{volume}", (None,))[0]
    parts = [one for one in forecast.grown(base.values, last.values) if one[0].startswith(PARTS)]
    top = parts[0] if day > 0 and parts else None
    return {
        "volume": volume,
        "day": max(day, 0.0),
        "usual": max(forecast.usual_day([point for point in points if point[0] < points[-1][0]]), 0.0),
        "free": None if total is None else total - last.values[name][0],
        "total": total,
        "since": _since(seen, name, base, day),
        "top": None if top is None else top[0].replace(":", " ", 1),
        "top_grown": None if top is None else top[2] - top[1],
        "kept": len(points),
    }


def _since(seen: Sequence[Kept], name: str, base: Kept, day: float) -> datetime | None:
    """When the first tenth of the day's growth was there."""
    return (
        next(
            (one.at for one in seen if one.at > base.at and one.values[name][0] - base.values[name][0] >= day / 10),
            None,
        )
        if day > 0
        else None
    )


def _whole(sample: Kept) -> Kept:
    size = sum(values[0] for name, values in sample.values.items() if name.startswith("database:"))
    return Kept(sample.at, sample.window_s, {**sample.values, "databases": (size,)} if size else sample.values)
