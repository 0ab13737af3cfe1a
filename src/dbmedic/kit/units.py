"""Base units to words and back: the only place where bytes, seconds, ratios and times become text.

Inside dbmedic a size is bytes, a time span seconds, a share 0..1, a moment an aware UTC datetime.  Words come last, and
they are the same in every language; only the zone of a moment is the reader's.  What was not measured is said so and
is never a zero.  No file, no clock, no locale.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, TypeGuard
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NOT_MEASURED: Final = "not measured"

_BYTES: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def bytes_text(size: float | None) -> str:
    """A size in binary units, one decimal below 100: "512 B", "4.2 GiB", "100 MiB", "-1.5 KiB"."""
    if not _known(size):
        return NOT_MEASURED
    sign, rest, step = ("-" if size < 0 else ""), abs(size), 0
    while rest >= 1023.5 and step < len(_BYTES) - 1:
        rest, step = rest / 1024, step + 1
    return f"{sign}{_short(rest)} {_BYTES[step]}"


def seconds_text(seconds: float | None) -> str:
    """A time span with one or two units: "0.4 ms", "12 ms", "3.4 s", "3 min 20 s", "2 d 4 h"."""
    if not _known(seconds):
        return NOT_MEASURED
    sign, span = ("-" if seconds < 0 else ""), abs(seconds)
    if span == 0:
        return "0 s"
    if span < 0.00005:
        return f"{sign}<0.1 ms"
    if span < 0.9995:
        return f"{sign}{_short(span * 1000, whole_from=10)} ms"
    if span < 59.95:
        return f"{sign}{_short(span)} s"
    if round(span) < 3600:
        return sign + _two(*divmod(round(span), 60), "min", "s")
    if round(span / 60) < 1440:
        return sign + _two(*divmod(round(span / 60), 60), "h", "min")
    return sign + _two(*divmod(round(span / 3600), 24), "d", "h")


def ratio_text(ratio: float | None) -> str:
    """A share of 1 in percent: "23 %", "4.2 %", "<0.1 %", "99.9 %"; only a full one is "100 %"."""
    if not _known(ratio):
        return NOT_MEASURED
    sign, percent = ("-" if ratio < 0 else ""), abs(ratio) * 100
    if 0 < percent < 0.05:
        return f"{sign}<0.1 %"
    if percent < 9.95:
        return f"{sign}{_short(percent)} %"
    if 99 < percent < 100:
        return f"{sign}{_short(min(percent, 99.9))} %" if percent < 99.95 else f"{sign}>99.9 %"
    return f"{sign}{_grouped(round(percent))} %"


def count_text(count: float | None) -> str:
    """A number of things, grouped by threes: "1 200 000", "2.5"."""
    return _number(count) if _known(count) else NOT_MEASURED


def rate_text(per_second: float | None, thing: str = "") -> str:
    """How often a second: "1 200/s", "0.4/s", with a name "3.5 commits/s"."""
    if not _known(per_second):
        return NOT_MEASURED
    number = "<0.01" if 0 < abs(per_second) < 0.005 else _number(per_second)
    return f"{number} {thing}/s" if thing else f"{number}/s"


def bytes_rate_text(per_second: float | None) -> str:
    """Bytes a second: "4.2 MiB/s"."""
    return f"{bytes_text(per_second)}/s" if _known(per_second) else NOT_MEASURED


def time_text(moment: datetime | str | None, zone: str | None = None) -> str:
    """A moment in an IANA zone, UTC when it is None or unknown: "2026-11-21 14:03 CST", "2026-11-21 06:03 UTC".

    Takes ISO text too, for that is what a moment is after a walk through JSON.  Text that is no time stays as it is.
    """
    if moment is None:
        return NOT_MEASURED
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return str(moment) or NOT_MEASURED
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    there = moment.astimezone(zone_of(zone))
    return f"{there.isoformat(' ', 'minutes')[:16]} {there.tzname()}"


def zone_of(name: str | None) -> tzinfo:
    """The zone of an IANA name; UTC for None and for names that do not exist."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def show(value: Any, unit: str, zone: str | None = None) -> str:
    """A value of a `Measure` in words, by its unit (`core.values.Unit`)."""
    if value is None or value == "":
        return NOT_MEASURED
    if unit == "time":
        return time_text(value, zone)
    words = _WORDS.get(unit)
    if words is None or isinstance(value, (str, bool)):
        return str(value)
    return words(value)


def parse_bytes(text: str) -> int:
    """Bytes of "100GiB", "100 GB", "1.5T", "512mb" or "4096".

    All units are binary, with or without the i: so PostgreSQL, MySQL and cloud volumes mean them.  Raises ValueError.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([kmgtpe]?)(?:i?b|bytes?)?", text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is not a size; write it like 100GiB, 512MB or 1.5T")
    power = " kmgtpe".index(match[2] or " ")
    return round(float(match[1]) * float(1024**power))


_SECONDS: Final = {
    "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0,
    "h": 3600.0, "hour": 3600.0, "d": 86400.0, "day": 86400.0, "w": 604800.0, "week": 604800.0,
}  # fmt: skip
_SPAN_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]+)\s*")


def parse_seconds(text: str) -> float:
    """Seconds of "90", "200ms", "15 s", "5min", "3 min 20 s", "2 d 4 h", "1w".  Raises ValueError."""
    said = text.strip().lower()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", said):
        return float(said)
    total, at = 0.0, 0
    while match := _SPAN_PART.match(said, at):
        unit = match[2] if match[2] in _SECONDS else match[2].removesuffix("s")
        if unit not in _SECONDS:
            break
        total, at = total + float(match[1]) * _SECONDS[unit], match.end()
    if at < len(said) or not said:
        raise ValueError(f"{text!r} is not a time span; write it like 15s, 200ms, 5min or 2h")
    return total


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _number(value: float) -> str:
    if isinstance(value, int):
        return _grouped(value)
    if abs(value) >= 99.95 or value == round(value):
        return _grouped(round(value))
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 1 else f"{value:.2g}"


def _grouped(value: float) -> str:
    return f"{value:,}".replace(",", " ")


def _two(big: int, small: int, unit: str, part: str) -> str:
    return f"{_grouped(big)} {unit}" + (f" {small} {part}" if small else "")


def _short(value: float, whole_from: float = 100) -> str:
    """At most one decimal, none from `whole_from` on."""
    if value >= whole_from - 0.05:
        return _grouped(round(value))
    return f"{value:.1f}".removesuffix(".0")


_WORDS: Final[dict[str, Callable[[float | None], str]]] = {
    "bytes": bytes_text,
    "seconds": seconds_text,
    "ratio": ratio_text,
    "count": count_text,
    "per_second": rate_text,
    "bytes_per_second": bytes_rate_text,
}
