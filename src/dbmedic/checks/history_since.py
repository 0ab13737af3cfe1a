"""Reads what was kept and compares the asked stretch of time with the time before; the one place that does."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from dbmedic.checks import forecast
from dbmedic.checks.history_changes import (
    Change,
    changed_loads,
    changed_objects,
    changed_server,
    changed_settings,
    changed_sizes,
    changed_statements,
)
from dbmedic.checks.history_compare import WEEKS, Statement, statements
from dbmedic.core.history import History, Kept, Series

HOURLY = 24
"""Samples of an hour from which they are the base of comparison; with fewer, the finer ones of the last day are."""
TOLD = 20
"""Settings, and objects, that are told; the last ones, for an upgrade changes hundreds."""
SHORT = timedelta(minutes=15)
"""How far back we look when nothing was sampled in the asked time itself."""


class Compared(Struct, frozen=True, kw_only=True):
    """The asked time and what was different in it."""

    since: datetime
    """When sampling began."""
    start: datetime
    end: datetime
    changes: tuple[Change, ...]
    statements: tuple[Statement, ...]
    before_s: float
    """Seconds of samples that it was compared with; 0: nothing was sampled before."""


async def compare(history: History, start: datetime, end: datetime) -> Compared | None:
    """What changed between `start` and `end`; None when nothing was ever sampled."""
    since = await history.since()
    if since is None:
        return None
    stated = [
        *changed_server(await history.states("server", start, end))[-TOLD:],
        *changed_settings(await history.states("settings", start, end))[-TOLD:],
        *changed_objects(await history.states("objects", start, end))[-TOLD:],
    ]
    asked, before = await during(history, "statements", start, end), await base(history, "statements", start)
    seen = statements(before, asked, start, end)
    covered = sum(one.window_s for one in before)
    loads = await changed(history, start, end)
    sizes = await history.kept("sizes", start - timedelta(days=1), end)
    changes = (
        *stated,
        *changed_statements(seen, covered),
        *loads,
        *changed_sizes(forecast.growth(sizes, start)),
    )
    return Compared(since=since, start=start, end=end, changes=tuple(changes), statements=tuple(seen), before_s=covered)


async def changed(history: History, start: datetime, end: datetime) -> list[Change]:
    """The loads that are off."""
    asked, before = await during(history, "vitals", start, end), await base(history, "vitals", start)
    return changed_loads(before, asked, start, end)


async def during(history: History, series: Series, start: datetime, end: datetime) -> list[Kept]:
    """The samples of the asked time; the last one before its end when none ended in it."""
    found = await history.kept(series, start, end)
    return found or (await history.kept(series, end - SHORT, end))[-1:]


async def base(history: History, series: Series, start: datetime) -> list[Kept]:
    """The samples of the four weeks before, by the hour; of the day before, as taken, while there is little."""
    hourly = await history.kept(series, start - timedelta(weeks=WEEKS), start, step_s=3600)
    if len(hourly) >= HOURLY:
        return hourly
    return [one for one in await history.kept(series, start - timedelta(days=1), start) if one.window_s > 0]
