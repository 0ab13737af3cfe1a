"""What a turn has measured, arranged so that a stated number is matched in a few steps.  Pure.

A number stands when it equals, as far as its own digits go, a value of a `Measure`, a number in a tool's result, one
of the question, or an unmarked one of an earlier answer of the conversation.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from dbmedic.agent.ground_numbers import Meaning, Stated, aware, day_of, stated
from dbmedic.core.events import Cited, Event, Measured, ToolReturned
from dbmedic.core.values import Exchange, Measure, Question
from dbmedic.kit.units import show, zone_of

KINDS: Final = {
    "bytes": "bytes", "bytes_per_second": "bytes", "seconds": "seconds", "ratio": "ratio", "count": "count",
    "per_second": "count",
}  # fmt: skip
"""Unit of a measure -> kind of a number."""
RAW: Final = {
    "bytes": (1.0, 1 / 1024, 1 / 8192, 1 / 16384, 1 / 1048576),
    "seconds": (1.0, 1e3, 1e6),
    "ratio": (1.0, 100.0),
    "count": (1.0,),
}
"""A number without a unit, as catalogues have them, is a size in bytes, kB or pages, a time in s, ms or µs …"""
TEXT_CHARS: Final = 200_000
"""Of tools' results and earlier answers that are read for numbers."""


class Facts:
    """Everything that a number of an answer may rest on."""

    def __init__(self, zone: str | None = None) -> None:
        self._zone = zone_of(zone)
        self._values: dict[str, list[tuple[float, str]]] = {}
        self._sorted = True
        self._days: set[tuple[int, int, int]] = set()
        self._clocks: set[int] = set()
        self.citations = 0

    def add(self, measure: Measure) -> None:
        """A row of measured values; numbers that match them rest on it."""
        for name, value in measure.values.items():
            self._value(value, measure.units.get(name, "text"), measure.id)
        self.moment(measure.at)
        if measure.window_s is not None:
            self.put("seconds", measure.window_s, measure.id)
        self.text(measure.object, measure.id)

    def text(self, text: str, id: str = "") -> None:
        """Whatever a text states."""
        for line in text[:TEXT_CHARS].splitlines():
            for one in stated(line, proof=True):
                self.say(one, id)

    def moment(self, moment: datetime) -> None:
        """A time, in UTC and in the reader's zone."""
        moment = aware(moment)
        for zone in (UTC, self._zone):
            try:
                there = moment.astimezone(zone)
            except OverflowError:  # at either end of the calendar
                there = moment
            self._days.add(day_of(there))
            self._clocks.add(there.hour * 60 + there.minute)

    def _value(self, value: Any, unit: str, id: str) -> None:
        if isinstance(value, datetime):
            self.moment(value)
        elif isinstance(value, (list, tuple)):
            for part in value:
                self._value(part, unit, id)
        elif isinstance(value, str):
            self.text(value, id if unit in ("ident", "time") else "")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
            self.put(KINDS.get(unit, "raw"), abs(float(value)), id)
            if unit in KINDS:
                self.text(show(value, unit), id)

    def say(self, one: Stated, id: str = "") -> None:
        """What some evidence states."""
        if one.moment is not None:
            self.moment(one.moment)
        if one.day is not None:
            year, month, day = one.day
            self._days.add((year or 0, month, day))
        if one.clock is not None:
            self._clocks.add(one.clock)
        for meaning in one.meanings:
            self.put(meaning.kind or "raw", meaning.value, id)
        if one.shown is not None:
            self.put("shown", one.shown, id)

    def put(self, kind: str, value: float, id: str = "") -> None:
        """One value, of a kind of number, "raw" or "shown"."""
        self._values.setdefault(kind, []).append((value, id))
        self._sorted = False

    # -- asked --------------------------------------------------------------------------------------------------

    def rests(self, one: Stated) -> str | None:
        """Id of the measure that a stated number equals, "" where it is other evidence; None when nothing says it."""
        if not self._sorted:
            for values in self._values.values():
                values.sort()
            self._sorted = True
        if one.day is not None or one.clock is not None:
            return "" if self._known_time(one) else None
        found: str | None = None
        for meaning in one.meanings:
            for kind, value, off in _sought(meaning):
                for id in self._near(kind, value, off):
                    if id:
                        return id
                    found = ""
        return found

    def _near(self, kind: str, value: float, off: float) -> Iterable[str]:
        values = self._values.get(kind, ())
        slack = off * (1 + 1e-6) + abs(value) * 1e-9
        at = bisect_left(values, (value - slack, ""))
        while at < len(values) and values[at][0] <= value + slack:
            yield values[at][1]
            at += 1

    def _known_time(self, one: Stated) -> bool:
        if one.moment is not None:
            one_more = Facts()
            one_more.moment(one.moment)
            return one_more._days <= self._days and all(map(self._near_clock, one_more._clocks))
        if one.day is not None:
            year, month, day = one.day
            if not any((m, d) == (month, day) and (year in (None, y) or not y) for y, m, d in self._days):
                return False
        return one.clock is None or self._near_clock(one.clock)

    def _near_clock(self, minutes: int) -> bool:
        return any((minutes + step) % 1440 in self._clocks for step in (-1, 0, 1))


def _sought(meaning: Meaning) -> Iterable[tuple[str, float, float]]:
    """Where a reading of a number may be found: (list, value, how far off)."""
    if meaning.kind is None:
        for kind in ("count", "raw", "shown"):
            yield kind, meaning.value, meaning.off
        if meaning.value <= 1 and meaning.off < 0.1:
            yield "ratio", meaning.value, meaning.off
        return
    yield meaning.kind, meaning.value, meaning.off
    for scale in RAW[meaning.kind]:
        yield "raw", meaning.value * scale, meaning.off * scale


def facts(
    question: Question, history: Sequence[Exchange], events: Sequence[Event], now: datetime, marks: Sequence[str]
) -> Facts:
    """What may be said in the reply that follows `events`."""
    found = Facts(question.zone)
    found.moment(now)
    found.text(question.text)
    found.put("raw", float(now.year))  # this year is nobody's claim
    for exchange in history[-20:]:
        found.text(exchange.question)
        for line in exchange.answer.splitlines():
            for one in stated(line):
                if not any(line.startswith(mark, one.end) for mark in marks):
                    found.say(one)
    for event in events:
        match event:
            case Measured(measure=measure):
                found.add(measure)
            case ToolReturned(content=content):
                found.text(content)
            case Cited():
                found.citations += 1
    return found
