"""Words for whole weeks, months and weekends, for zones, and ranges of bare hours: what `when.py` reads first.

Pure: the moment that it is now comes in, in the asker's zone.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_WORDS: Final = (
    (r"(?<![a-z])(?:this|the current) week(?![a-z])", "week", 0),
    (r"本周|本星期|今週|minggu ini|这(?:一|个)?(?:周|星期|礼拜)(?!末)", "week", 0),
    (r"上(?:一|个)?(?:周|星期|礼拜)(?![一二三四五六日天末])", "week", 1),
    (r"先週(?!の?[月火水木金土日]曜)|minggu (?:lalu|kemarin)", "week", 1),
    (r"(?<![a-z])(?:this|the current) month(?![a-z])|本月|这个?月|今月|bulan ini", "month", 0),
    (r"(?<![a-z])last month(?![a-z])|上个?月|先月|bulan (?:lalu|kemarin)", "month", 1),
    (
        r"(?<![a-z])after (?:the|last) weekend|周末(?:之|以|过)?后|週末明け|(?:setelah|sesudah) akhir pekan",
        "since monday",
        0,
    ),
    (r"(?<![a-z])weekend(?![a-z])|周末|週末|akhir pekan", "weekend", 0),
)
"""How a period is said, which one it is, how many of it ago."""
_PERIODS: Final = tuple((re.compile(words), name, ago) for words, name, ago in _WORDS)
_WEEK_BEFORE: Final = re.compile(r"上(?:一|个)?(?:周|星期|礼拜)(?=[一二三四五六日天])|先週の?(?=[月火水木金土日]曜)")
_LAST_DAY: Final = re.compile(r"(?<![a-z])last (?=(?:mon|tues|wednes|thurs|fri|satur|sun)day)")
_ZONES: Final = {
    "utc": 0, "gmt": 0, "jst": 9, "wib": 7, "sgt": 8, "hkt": 8, "kst": 9, "ist": 5.5, "msk": 3, "cet": 1, "cest": 2,
    "est": -5, "edt": -4, "pst": -8, "pdt": -7, "bst": 1, "东京时间": 9, "日本时间": 9, "日本時間": 9, "北京时间": 8,
    "台北时间": 8, "台湾时间": 8, "新加坡时间": 8,
}  # fmt: skip
_CITIES: Final = {
    "beijing": "Asia/Shanghai", "shanghai": "Asia/Shanghai", "taipei": "Asia/Taipei", "singapore": "Asia/Singapore",
    "tokyo": "Asia/Tokyo", "jakarta": "Asia/Jakarta", "india": "Asia/Kolkata", "london": "Europe/London",
    "berlin": "Europe/Berlin", "paris": "Europe/Paris", "new york": "America/New_York", "eastern": "America/New_York",
    "pacific": "America/Los_Angeles",
}  # fmt: skip
_ZONE: Final = re.compile(
    r"(?<![a-z])(?P<z>utc|gmt|jst|wib|sgt|hkt|kst|ist|msk|cet|cest|est|edt|pst|pdt|bst)(?P<off>[+-]\d{1,2})?(?![a-z\d])|"
    rf"(?P<w>{'|'.join(name for name in _ZONES if not name.isascii())})|"
    rf"(?<![a-z])(?P<c>{'|'.join(_CITIES)}) time(?![a-z])"
)
_HOUR: Final = r"(?:[01]?\d|2[0-4])"
_HALF: Final = r" ?[ap]\.?m\.?"
_MEASURE: Final = r"(?: ?(?:[smhdgk]b?|ms|min\w*|sec\w*|hours?|days?|weeks?|percent|[gmk]i?b)(?![a-z]))"
_COUNTED: Final = r"(?: [a-z]*(?:ions?|ies|ents?|ows|sers)(?![a-z]))"
_RANGE: Final = re.compile(
    r"(?<![a-z\d])(?:between|from|antara(?: jam| pukul)?|(?:dari )?(?:jam|pukul)) "
    rf"(?P<a>{_HOUR})(?P<p1>{_HALF})? ?"
    r"(?:and|to|-|–|until|till|sampai|hingga|dan|s/d)(?: jam| pukul)? "
    rf"(?P<b>{_HOUR})(?P<p2>{_HALF})?(?![\d.:%]|{_MEASURE}|{_COUNTED})"
)
"""Hours from and to; "from 5 to 300 connections" and "from 3 to 20 ms" are none."""


def zone_in(said: str) -> tuple[tzinfo, str] | None:
    """The zone that a text names, and the text without it; None where it names none, or no hour with it."""
    if (match := _ZONE.search(said)) is None or not re.search(r"\d|[点時]", said):
        return None
    rest = f"{said[: match.start()]} {said[match.end() :]}"
    if match["c"]:
        return ZoneInfo(_CITIES[match["c"]]), rest
    hours = _ZONES[match["z"] or match["w"]] + int(match["off"] or 0)
    return timezone(timedelta(hours=hours)), rest


def with_clocks(said: str) -> str:
    """ "Between 3 and 4 pm" with the hours written out: "3:00 pm to 4:00 pm"."""

    def clocks(match: re.Match[str]) -> str:
        first, second = match["p1"] or match["p2"] or "", match["p2"] or match["p1"] or ""
        if not match["p1"] and match["p2"] and int(match["a"]) > int(match["b"]) != 12:
            first = " am" if "p" in second else " pm"
        return f"{match['a']}:00{first} to {match['b']}:00{second}"

    return _RANGE.sub(clocks, said)


def period(said: str, here: datetime) -> tuple[datetime, datetime] | None:
    """The week, month or weekend that a text names, from its first midnight to its last."""
    for pattern, name, ago in _PERIODS:
        if pattern.search(said):
            start = here.replace(hour=0, minute=0, second=0, microsecond=0)
            if name == "month":
                first = start.replace(day=1)
                for _ in range(ago):
                    first = (first - timedelta(days=1)).replace(day=1)
                return first, (first + timedelta(days=32)).replace(day=1)
            monday = start - timedelta(days=start.weekday() + 7 * ago)
            if name == "since monday":
                return monday, here
            if name == "week":
                return monday, monday + timedelta(days=7)
            saturday = start - timedelta(days=(start.weekday() - 5) % 7)
            return saturday, saturday + timedelta(days=2)
    return None


def weekday(said: str, wanted: int, today: date) -> date:
    """The weekday that a text names, 0 is Monday: the last one, or that of the week before."""
    if _WEEK_BEFORE.search(said):
        return today - timedelta(days=today.weekday() + 7 - wanted)
    ago = (today.weekday() - wanted) % 7
    return today - timedelta(days=7 if ago == 0 and _LAST_DAY.search(said) else ago)
