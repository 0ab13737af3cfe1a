"""The numbers and times that a text states: where they stand, and what each may mean.  Pure.

Not stated are ordinals of a list, versions, numbers inside identifiers and inline code, and so on: see `_EXEMPT`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from dbmedic.agent.ground_units import UNIT, Kind, unit


class Meaning(NamedTuple):
    """One way to read a number: its value in base units, and how far off rounding may have put it."""

    kind: Kind | None
    """None where no unit is said."""
    value: float
    off: float


class Stated(NamedTuple):
    """A number or a time in a text."""

    start: int
    end: int
    """Behind its unit."""
    meanings: tuple[Meaning, ...] = ()
    day: tuple[int | None, int, int] | None = None
    """Year, where one is said, month and day."""
    clock: int | None = None
    """Minutes since midnight."""
    moment: datetime | None = None
    """Where day, time and zone are said."""
    shown: float | None = None
    """The bare number in front of a unit."""


_DAY = r"(?P<y>\d{4})(?:-|/|年)(?P<m>\d{1,2})(?:-|/|月)(?P<d>\d{1,2})日?"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?"
_TIME = re.compile(rf"(?<![\w.]){_DAY}(?:[T ]{_CLOCK}(?P<Z>Z|[+-]\d\d:?\d\d)?)?|(?<![\w.:]){_CLOCK}(?![\w:])")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = "|".join(_MONTHS)
_NAMED_DAY = re.compile(
    rf"\b(?:(?P<d1>\d{{1,2}})\s+(?P<m1>{_MONTH})[a-z]*|(?P<m2>{_MONTH})[a-z]*\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?)"
    r"(?:,?\s+(?P<y>\d{4}))?\b",
    re.IGNORECASE,
)
_EAST_DAY = re.compile(r"(?<!\d)(?P<m>\d{1,2})月(?P<d>\d{1,2})日")
_NUMBER = re.compile(
    r"(?:(?<![A-Za-z_\d.])(?<![A-Za-z_]-)[+\-−]?|(?<=[A-Za-z_-])(?=\d[\d.,]* ?[%％]))"
    r"(?:\d{1,3}(?:[ \u00a0\u202f,.'’]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?:[eE][+-]?\d{1,2}(?![\w.]))?"
)
_GROUPED = re.compile(r"\d{1,3}(?:([ \u00a0\u202f,.'’])\d{3})(?:\1\d{3})*(?:[.,]\d+)?$")
_ABOUT = re.compile(
    r"(?:~|≈|about|around|roughly|approximately|nearly|almost|over|more than|less than|under|up to|sekitar|kira-kira|"
    r"hampir|lebih dari|约|約|大约|大約|将近|將近|近|超过|超過|几乎|およそ|ほぼ|以上)\s*$",
    re.IGNORECASE,
)
_BEHIND_EXEMPT = re.compile(
    r"(?:\b(?:postgres(?:ql)?|mysql|mariadb|sqlite|redis|innodb|version|versions|versi|v|pg|step|steps|option|rule|rules|"
    r"section|chapter|figure|langkah|rfc|port)|版本|第|步骤|步驟|手順|バージョン)\s*[#:.]?\s*$",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"^[\s>*#|+-]*(?:\*\*)?$")
_ORDINAL_END = re.compile(r"\d{1,3}(?:[.)、．](?:\s|\*\*|$)|\s*\|)")
_LETTER = re.compile(r"[A-Za-z_]")
_NAME = re.compile(r"[A-Za-z_][\w.:/@-]*$")
NEAR: Final = 40
"""Characters around a number that decide what it is."""
_EXEMPT = re.compile(
    r"(?P<code>`[^`\n]+`)|\bhttps?://\S+|(?<!\d)24/7(?!\d)|\bv?\d+\.\d+(?:\.\d+)+(?:[-+][\w.]+)?(?![\d.])|\[m\d+\]"
)
_PURE = re.compile(r"[\s~≈<>=]*[+\-−]?\d[\d\s.,]*\D{0,12}$")
ABOUT_OFF: Final = 0.05


def stated(text: str, start: int = 0, *, citations: int = 0, proof: bool = False) -> list[Stated]:
    """What a line states, in order, from `start` on; what stands before it is only read for its sense.

    `citations`: how many sources "[1]" may point at.  `proof`: every number counts, for others rest on it.
    """
    hidden = [] if proof else _hidden(text)
    found = list(_times(text, hidden))
    hidden += [(one.start, one.end) for one in found]
    for match in _NUMBER.finditer(text):
        if match.end() <= start or any(a < match.end() and match.start() < b for a, b in hidden):
            continue
        if proof or not _exempt(text, match, citations):
            found.append(_number(text, match, proof=proof))
    found.sort(key=lambda one: one.start)
    return [one for one in _joined(text, found) if one.end > start]


def _hidden(text: str) -> list[tuple[int, int]]:
    """What is no statement of a number: code that is more than one, addresses, versions."""
    spans = []
    for match in _EXEMPT.finditer(text):
        if match["code"] and _PURE.match(match["code"].strip("`")):
            continue
        spans.append(match.span())
    return spans


def _times(text: str, hidden: list[tuple[int, int]]) -> Iterator[Stated]:
    taken: list[tuple[int, int]] = list(hidden)
    small = text.lower()
    patterns = (
        (_TIME, any(mark in text for mark in ":-/年")),
        (_NAMED_DAY, any(month in small for month in _MONTHS)),
        (_EAST_DAY, "月" in text),
    )
    for pattern in [pattern for pattern, likely in patterns if likely]:
        for match in pattern.finditer(text):
            if any(a < match.end() and match.start() < b for a, b in taken):
                continue
            taken.append(match.span())
            yield _time(match)


def _time(match: re.Match[str]) -> Stated:
    said = match.groupdict()
    if match.re is _TIME and said["y"] is None:
        parts = match[0].split(":")
        return Stated(*match.span(), clock=int(parts[0]) * 60 + int(parts[1]))
    month = said.get("m") or said.get("m1") or said.get("m2")
    number = int(month) if month and month.isdigit() else _MONTHS.index((month or "jan")[:3].lower()) + 1
    day = int(said.get("d") or said.get("d1") or said.get("d2") or 0)
    year = int(said["y"]) if said.get("y") else None
    clock = re.search(r"(\d{1,2}):(\d\d)", match[0])
    minutes = int(clock[1]) * 60 + int(clock[2]) if clock else None
    moment = None
    if clock and said.get("Z"):
        try:
            moment = datetime.fromisoformat(match[0])
        except ValueError:
            moment = None
    return Stated(*match.span(), day=(year, number, day), clock=minutes, moment=moment)


def _exempt(text: str, match: re.Match[str], citations: int) -> bool:
    at, after = match.start(), text[match.end() : match.end() + NEAR]
    near = text[max(0, at - NEAR) : at]
    line = text.rfind("\n", 0, at) + 1
    if at - line < NEAR and _ORDINAL.match(text[line:at]) and _ORDINAL_END.match(match[0] + after):
        return True
    if _BEHIND_EXEMPT.search(near):
        return True
    if near.endswith("[") and after.startswith("]") and match[0].isdigit() and 0 < int(match[0]) <= citations:
        return True
    if _LETTER.match(after) and not UNIT.match(after):
        return True  # part of a word: 2nd, 4xlarge
    if after.lstrip().startswith(("%", "％")):
        return False  # no name has a share in it
    return near[-1:] in "._/@-" and _NAME.search(near) is not None


def _number(text: str, match: re.Match[str], *, proof: bool) -> Stated:
    end = match.end()
    units: tuple[tuple[Kind | None, float], ...] = ((None, 1.0),)
    if (behind := UNIT.match(text, end)) is not None:
        units, end = unit(behind[1]), behind.end()
    elif text[max(0, match.start() - 5) : match.start()].rstrip().endswith("百分之"):
        units = (("ratio", 0.01),)
    about = not proof and _ABOUT.search(text[max(0, match.start() - NEAR) : match.start()]) is not None
    meanings = []
    for value, step in _values(match[0]):
        for kind, size in units:
            off = step / 2 * size
            meanings.append(Meaning(kind, abs(value) * size, max(off, abs(value) * size * ABOUT_OFF) if about else off))
    shown = _values(match[0])[0][0] if units[0][0] is not None else None
    return Stated(match.start(), end, tuple(meanings), shown=shown)


def _values(text: str) -> list[tuple[float, float]]:
    """Readings of a number as (value, size of its last digit): "1.200" is 1.2 and 1200."""
    text = text.replace("−", "-")
    found: list[tuple[float, float]] = []
    mantissa, _, power = text.lower().partition("e")
    scale = 10.0 ** int(power) if power else 1.0
    if _GROUPED.search(mantissa.lstrip("+-")) and (marks := re.findall(r"[^\d+-]", mantissa)):
        whole, decimals = mantissa, 0
        if len(marks) > 1 and marks[-1] != marks[0] and marks[-1] in ".,":
            whole, _, tail = mantissa.rpartition(marks[-1])
            decimals = len(tail)
            digits = re.sub(r"[^\d+-]", "", whole)
            found.append((float(f"{digits}.{tail}"), 10.0**-decimals))
        else:
            found.append((float(re.sub(r"[^\d+-]", "", whole)), 1.0))
    plain = mantissa.replace(",", ".")
    if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", plain):
        decimals = len(plain.partition(".")[2])
        found.append((float(plain), 10.0**-decimals))
    return [(value * scale, step * scale) for value, step in found]


def _joined(text: str, found: list[Stated]) -> Iterator[Stated]:
    """Spans of two units ("3 min 20 s") as one number."""
    last: Stated | None = None
    for one in found:
        if last is not None and _continues(text, last, one):
            value = last.meanings[0].value + one.meanings[0].value
            last = Stated(last.start, one.end, (Meaning("seconds", value, one.meanings[0].off),))
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def _continues(text: str, one: Stated, other: Stated) -> bool:
    spans = [bool(each.meanings) and each.meanings[0].kind == "seconds" for each in (one, other)]
    gap = text[one.end : other.start]
    return (
        all(spans) and gap in ("", " ", " and ", ", ", "零", "又") and other.meanings[0].value < one.meanings[0].off * 2
    )


def day_of(moment: datetime | date) -> tuple[int, int, int]:
    return moment.year, moment.month, moment.day


def aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
