"""What is promised of a measurement, and the table that says whether it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Line(NamedTuple):
    """One number of a report.  `most` or `least` is what is promised of `value`; neither: it is only told."""

    what: str
    floor: str
    ours: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def kept(self) -> bool:
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def promise(self) -> str:
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}" if self.most is not None else ""


def table(lines: Sequence[Line], ours: str = "dbmedic", floor: str = "floor") -> str:
    """The report; a promise that is not kept is marked."""
    rows = [f"{'':50}{floor:>20}{ours:>20}{'value':>9}{'promised':>10}"]
    for line in lines:
        mark = "" if line.kept else "  MISSED"
        rows.append(f"{line.what:50}{line.floor:>20}{line.ours:>20}{line.value:9.2f}{line.promise:>10}{mark}")
    missed = sum(not line.kept for line in lines)
    promised = sum(bool(line.promise) for line in lines)
    return "\n".join([*rows, "", f"{promised - missed} of {promised} promises kept"])


def spread(values: Sequence[float], scale: float = 1, digits: int = 1) -> str:
    """The median, and in brackets the lowest and the highest."""
    ordered = sorted(value * scale for value in values)
    middle = (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2
    return f"{middle:.{digits}f} ({ordered[0]:.{digits}f}-{ordered[-1]:.{digits}f})"
