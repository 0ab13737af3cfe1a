"""What the audit seals of a turn: a digest over the rows of its log, fed while they are written.

Whoever writes a log has its rows at hand and encoded, so nothing is read again when the turn is sealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple, TypeVar

import msgspec

from dbmedic.core.log import LogRow

ENDED: Final = 4096
"""Ended turns that are remembered until somebody seals them."""
OPEN: Final = 4096
"""Turns under way, those that wait for a person among them."""

T = TypeVar("T")

_lines = msgspec.json.Encoder().encode_lines
_turn = itemgetter(0)


class Digest(NamedTuple):
    """SHA-256, as hex digits, over so many rows, each as a line of JSON: turn, seq, at, kind, body."""

    rows: int
    hex: str


def digest(rows: Iterable[LogRow], /) -> Digest:
    """Over the rows of one turn, byte by byte, in their order."""
    listed = list(rows)
    return Digest(len(listed), hashlib.sha256(_lines(listed)).hexdigest())


class _Fed:
    """The log of one turn so far."""

    __slots__ = ("hashed", "rows")

    def __init__(self) -> None:
        self.hashed, self.rows = hashlib.sha256(), 0


class Digests:
    """Of the logs that are written here from their first row to their last.

    A log of which some rows were written elsewhere, or were refused, is forgotten: whoever seals it reads it.  One
    thread may tell of rows while another takes digests.
    """

    def __init__(self) -> None:
        self._open: dict[str, _Fed] = {}
        self._ended: dict[str, Digest] = {}

    def heard(self, rows: Sequence[LogRow]) -> None:
        """Some rows are in the store now, each turn's in order."""
        for turn, own in groupby(rows, _turn):
            self._feed(turn, list(own))

    def take(self, turn: str) -> Digest | None:
        """Of a turn that has ended; once."""
        return self._ended.pop(turn, None)

    def _feed(self, turn: str, rows: list[LogRow]) -> None:
        fed = self._open.pop(turn, None)
        if fed is None:
            if rows[0][1] != 1:
                return
            fed = _Fed()
        for row in rows:
            fed.rows += 1
            if row[1] != fed.rows:
                return
        fed.hashed.update(_lines(rows))
        if rows[-1][3] == "TurnClosed":
            _put(self._ended, turn, Digest(fed.rows, fed.hashed.hexdigest()), ENDED)
        else:
            _put(self._open, turn, fed, OPEN)


def _put(kept: dict[str, T], turn: str, value: T, most: int) -> None:
    """Instead of the oldest ones where there are too many."""
    while len(kept) >= most:
        kept.pop(next(iter(kept)), None)
    kept[turn] = value
