"""How far the ranges of partitioned tables reach beyond now, and the next range that should be made.

Ranges of dates and times are compared with the clock, those of whole numbers with the sequence that fills them; what
cannot be compared is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dbmedic.checks.context import Context
from dbmedic.core.values import Row

POSTGRES = re.compile(r"FOR VALUES FROM \('?([^')]*)'?\) TO \('?([^')]*)'?\)")
WRAPPED = re.compile(r"(to_days|unix_timestamp|year|to_seconds)\s*\(", re.IGNORECASE)
EPOCH_DAYS, DAY = 719_528, 86_400
"""TO_DAYS('1970-01-01'); seconds."""
REFUSED, KEPT = 1.0, 0.15
"""What the end of the partitions explains: without one for the rest inserts fail; with one they only lie together."""
MONTH = 28
"""Days from which a range is taken for months of a calendar."""
QUIET_S = 7 * DAY
"""Without a write for so long, a table of MySQL counts as one that only keeps."""


async def rows(context: Context) -> list[Row]:
    """One row per table whose end is known; `ahead` counts intervals, 0 and less when it is past."""
    postgres = context.facts.engine == "postgres"
    sql = context.query("partitions")
    seen = await (context.everywhere(sql, max_rows=5000) if postgres else context.rows(sql, max_rows=5000))
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in seen:
        found.setdefault((row.get("database"), row["schema"], row["table"]), []).append(row)
    return [row for parts in found.values() for row in (postgres_end(parts) if postgres else mysql_end(parts))]


def postgres_end(parts: Sequence[Row]) -> Iterator[Row]:
    """At most one row, from the partitions of one table."""
    rest = next((one for one in parts if one["bound"] == "DEFAULT"), None)
    bounds = [match.groups() for one in parts if (match := POSTGRES.fullmatch(str(one["bound"])))]
    number = "int" in parts[0]["type"]
    open_ended = any(high == "MAXVALUE" for _, high in bounds)
    if open_ended or not bounds or (number and parts[0]["last"] is None):
        return
    ends = sorted((_point(low, number), _point(high, number)) for low, high in bounds if low != "MINVALUE")
    if not ends:
        return
    low, high = ends[-1]
    now = float(parts[0]["last"] if number else parts[0]["now"])
    after = _next(low, high, number)
    clock = "timestamp" in parts[0]["type"]
    yield {
        **_told(parts[0], now, low, high, number),
        "inserts": sum(one["inserts"] for one in parts),
        "astray": None if rest is None else rest["rows"],
        "rest": None if rest is None else rest["partition"],
        "refused": REFUSED if rest is None else KEPT,
        "partition": f"{parts[0]['table']}_{_stamp(high, number)}"[:63],
        "lower": _written(high, number, clock),
        "upper": _written(after, number, clock),
    }


def mysql_end(parts: Sequence[Row]) -> Iterator[Row]:
    """At most one row, from the partitions of one table, which come in order."""
    rest = next((one for one in parts if one["bound"] == "MAXVALUE"), None)
    wrapped = WRAPPED.match(str(parts[0]["type"] or ""))
    unit = wrapped[1].lower() if wrapped else None
    ends = [end for one in parts if one["bound"] != "MAXVALUE" and (end := _bound(str(one["bound"]), unit)) is not None]
    number = unit is None and bool(ends) and str(parts[0]["bound"]).lstrip("-").isdigit()
    if len(ends) < 2 or (number and parts[0]["last"] is None):
        return
    low, high = ends[-2:]
    now, written = float(parts[0]["last"] if number else parts[0]["now"]), parts[0]["written"]
    after = _next(low, high, number)
    yield {
        **_told(parts[0], now, low, high, number),
        "inserts": 0 if written is None or parts[0]["now"] - written > QUIET_S else None,
        "astray": None if rest is None else rest["rows"],
        "rest": None if rest is None else rest["partition"],
        "refused": REFUSED if rest is None else KEPT,
        "partition": f"p{_stamp(after, number)}",
        "lower": None,
        "upper": _wrapped(after, unit, number),
    }


def _told(part: Row, now: float, low: float, high: float, number: bool) -> Row:
    days = (high - low) / DAY
    return {
        **{name: part[name] for name in ("database", "schema", "table") if name in part},
        "until": _written(high, number, False),
        "ahead": round((high - now) / (high - low), 1),
        "span": f"{high - low:g}" if number else f"{days:g} d",
    }


def _point(text: str, number: bool) -> float:
    """A bound as seconds since 1970, or as the number it is."""
    if number:
        return float(text)
    stamp = datetime.fromisoformat(re.sub(r"([+-]\d\d)$", r"\1:00", text.replace("infinity", "9999-12-31").strip("-")))
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()


def _bound(text: str, unit: str | None) -> float | None:
    """A description of MySQL likewise; None for what it cannot be read as."""
    try:
        if unit == "to_days":
            return (int(text) - EPOCH_DAYS) * float(DAY)
        if unit == "year":
            return datetime(int(text), 1, 1, tzinfo=UTC).timestamp()
        if unit == "to_seconds":
            return float(int(text) - EPOCH_DAYS * DAY)
        return _point(text.strip("'"), text.lstrip("-").isdigit())
    except (ValueError, OverflowError):
        return None


def _next(low: float, high: float, number: bool) -> float:
    """The end of the range after [low, high): as long, or as many months of the calendar."""
    if number:
        return high + (high - low)
    start, end = (datetime.fromtimestamp(one, UTC) for one in (low, high))
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day == end.day == 1 and start.time() == end.time() and (high - low) / DAY >= MONTH:
        place = end.year * 12 + end.month - 1 + months
        return end.replace(year=place // 12, month=place % 12 + 1).timestamp()
    return (end + timedelta(seconds=high - low)).timestamp()


def _stamp(point: float, number: bool) -> str:
    if number:
        return f"{math.floor(point)}"
    stamp = datetime.fromtimestamp(point, UTC)
    return stamp.strftime("%Y%m%d" if stamp.time() == datetime.min.time() else "%Y%m%d%H%M")


def _written(point: float, number: bool, zoned: bool) -> str:
    """As a literal without its quotes."""
    if number:
        return f"{math.floor(point)}"
    stamp = datetime.fromtimestamp(point, UTC)
    if not zoned and stamp.time() == datetime.min.time():
        return date.isoformat(stamp.date())
    return stamp.strftime("%Y-%m-%d %H:%M:%S") + ("+00" if zoned else "")


def _wrapped(point: float, unit: str | None, number: bool) -> str:
    """The end of a range as MySQL wants it after VALUES LESS THAN."""
    stamp = datetime.fromtimestamp(point, UTC)
    if unit == "to_days":
        return str(math.floor(point / DAY) + EPOCH_DAYS)
    if unit == "year":
        return str(stamp.year)
    if unit == "to_seconds":
        return str(math.floor(point) + EPOCH_DAYS * DAY)
    return str(math.floor(point)) if number or unit == "unix_timestamp" else f"'{_written(point, False, False)}'"
