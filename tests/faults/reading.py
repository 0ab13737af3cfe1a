"""The numbers of a text with their units, back in base units: the judge's own reading of an answer.  Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from faults.fault import Unit

BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
PATTERN = re.compile(
    r"(?<![\w.-])(?P<n>\d{1,3}(?: \d{3})+|\d+)(?P<f>\.\d+)?"
    r"(?: ?(?P<unit>KiB|MiB|GiB|TiB|B|ms|min|s|h|d|%)(?![A-Za-z]))?(?: (?P<more>\d+) (?P<part>s|min|h)(?![A-Za-z]))?"
)


class Said(NamedTuple):
    value: float
    unit: Unit


def numbers(text: str) -> list[Said]:
    """Every number of a text; one without a unit is a count, and one with a unit is no count."""
    found = []
    for match in PATTERN.finditer(text):
        value, unit = float(match["n"].replace(" ", "") + (match["f"] or "")), match["unit"]
        if unit is None:
            found.append(Said(value, "count"))
        elif unit == "%":
            found.append(Said(value / 100, "ratio"))
        elif unit in BYTES:
            found.append(Said(value * BYTES[unit], "bytes"))
        else:
            more = float(match["more"]) * SECONDS[match["part"]] if match["more"] else 0.0
            found.append(Said(value * SECONDS[unit] + more, "seconds"))
    return found


def stands(text: str, unit: Unit, low: float, high: float, tolerance: float) -> bool:
    """Whether the text has a number of that unit between the two, give or take."""
    return any(
        one.unit == unit and one.value > 0 and low * (1 - tolerance) <= one.value <= high * (1 + tolerance)
        for one in numbers(text)
    )
