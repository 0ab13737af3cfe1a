"""An answer while it is written: lines, and which measures they rest on."""

from __future__ import annotations

from collections.abc import Iterable

from dbmedic.diagnosis.said import Reader


class Page:
    """Markdown lines in order; remembers every measure a line was made of, once."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.lines: list[str] = []
        self.rests: list[str] = []

    def add(self, line: str, *measures: str) -> None:
        self.lines.append(line)
        self.rests.extend(measure for measure in measures if measure not in self.rests)

    def said(self, key: str, /, *measures: str, **fields: object) -> None:
        """Adds a fixed phrase."""
        self.add(self.reader.say(key, **fields), *measures)

    def bullet(self, text: str, *measures: str) -> None:
        self.add(f"- {text}", *measures)

    def gap(self) -> None:
        """An empty line, unless there is one already."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def part(self, key: str) -> None:
        """The heading of a part, after a gap."""
        self.gap()
        self.add(f"**{self.reader.say(key)}**")

    def all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.add(line)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).rstrip("\n") + "\n"
