"""How long volumes, sequences and transaction ids last: daily maxima of three months, the trend, the limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from dbmedic.checks import forecast
from dbmedic.checks.context import Context
from dbmedic.checks.forecast import DAY_S, Trend
from dbmedic.core.errors import OutsideFailed, Unmeasured
from dbmedic.core.history import Kept
from dbmedic.core.values import Row

FULL = 0.9
"""Share of a volume that is the limit."""
LAST_XID = 2_147_483_647 - 3_000_000
XIDS = 10_000_000.0
"""A smaller step of an age is no jump."""
PARTS = ("table:", "wal", "binlog", "temp", "slot:")
ROWS = 12


async def rows(context: Context) -> list[Row]:
    """One row for each volume (each database where no volume is seen), then sequences and ids that have a trend.

    what, name, trend ("trend", "flat", "none"), points; used, limit and slope a day; soonest and latest in seconds;
    the burst left out; the part that makes most of the growth.  Raises `Unmeasured("no_history")`.
    """
    samples = await daily_and_now(context)
    if not samples:
        raise Unmeasured("no_history", "nothing was sampled yet, so nothing is known of growth")
    names = {name for one in samples for name in one.values}
    spaces = [name for name in sorted(names) if name.startswith("used:")]
    spaces = spaces or [name for name in sorted(names) if name.startswith("database:")]
    found = [_space(samples, name) for name in spaces]
    sequences = [name for name in sorted(names) if name.startswith("sequence:")]
    limits = await _limits(context) if sequences else {}
    found += [one for name in sequences if (one := _number(samples, name, limits.get(name))) is not None]
    if (ids := _number(samples, "xid", LAST_XID)) is not None:
        found.append({**ids, "what": "transaction ids", "name": context.facts.database})
    return sorted(found, key=lambda row: (row["soonest"] is None, row["soonest"]))[:ROWS]


async def daily_and_now(context: Context) -> list[Kept]:
    """A sample a day, and then those of the last two days as they were taken."""
    end = datetime.now(UTC) if context.lanes.target.asked is None else context.lanes.target.asked.end
    days = await context.history.kept("sizes", end - timedelta(days=forecast.MOST), end, step_s=DAY_S)
    fresh = await context.history.kept("sizes", end - timedelta(days=1.9), end)
    return [one for one in days if not fresh or one.at < fresh[0].at] + fresh


async def _limits(context: Context) -> Mapping[str, float]:
    """How far each sequence or auto-increment column can count."""
    if context.source is None or "limits" not in context.source.queries:
        return {}
    try:
        found = await (
            context.everywhere(context.query("limits"))
            if context.facts.engine == "postgres"
            else context.rows(context.query("limits"))
        )
    except OutsideFailed:
        return {}
    return {str(row["name"]): float(row["last"]) for row in found if row["last"] is not None}


def _space(samples: Sequence[Kept], name: str) -> Row:
    """A volume against nine tenths of its size; a database has no limit of its own."""
    kind, _, rest = name.partition(":")
    total = next((one.values[f"total:{rest}"][0] for one in reversed(samples) if f"total:{rest}" in one.values), None)
    points = forecast.daily(samples, name)
    found = forecast.trend(points, burst=min(float(1 << 30), 0.02 * total) if total else float(1 << 30))
    now, limit = points[-1][1], FULL * total if total and kind == "used" else None
    top, share = _top(samples, found)
    return {
        **_row("volume" if kind == "used" else "database", rest, found, now, limit),
        "used_bytes": now,
        "limit_bytes": limit,
        "slope_bytes": found.slope if found.kind == "trend" else None,
        "burst": found.burst or None,
        "burst_at": None if found.burst_at is None else datetime.fromtimestamp(found.burst_at * DAY_S, UTC).isoformat(),
        "top": top,
        "top_share": share,
    }


def _number(samples: Sequence[Kept], name: str, limit: float | None) -> Row | None:
    """A count that only goes up; None without a trend or a limit."""
    points = forecast.daily(samples, name)
    if limit is None or not points:
        return None
    found = forecast.trend(points, burst=XIDS if name == "xid" else max(1000.0, 0.02 * limit))
    if found.kind != "trend" or forecast.eta(found, points[-1][1], limit) is None:
        return None
    return _row("sequence", name.partition(":")[2], found, points[-1][1], limit)


def _row(what: str, name: str, found: Trend, now: float, limit: float | None) -> Row:
    eta = forecast.eta(found, now, limit) if limit is not None else None
    bare: Row = dict.fromkeys(("used_bytes", "limit_bytes", "slope_bytes", "burst", "burst_at", "top", "top_share"))
    return bare | {
        "what": what,
        "name": name,
        "trend": found.kind,
        "points": found.points,
        "used": now,
        "limit": limit,
        "slope": found.slope if found.kind == "trend" else None,
        "soonest": None if eta is None else eta.soonest,
        "latest": None if eta is None else eta.latest,
        "confidence": "estimate" if found.sure else "heuristic",
    }


def _top(samples: Sequence[Kept], found: Trend) -> tuple[str | None, float | None]:
    """What makes most of the growth of the days that the trend rests on, and its share of what grew."""
    since = samples[-1].at - timedelta(days=max(1, found.points))
    parts = [one for one in forecast.growth(samples, since) if one[0].startswith(PARTS)]
    whole = sum(after - before for _, before, after in parts)
    if not parts or whole <= 0:
        return None, None
    name, before, after = parts[0]
    return name.replace(":", " ", 1), (after - before) / whole
