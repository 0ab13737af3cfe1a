"""The part of a long log that a stretch of time is in, found by halving and not by reading it all."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from dbmedic.kit.serverlog import Form, Line, moment_in

LOOK, NEAR = 64 * 1024, 512 * 1024
"""Bytes that are looked at to tell the time at a place; a piece that is not halved any further."""


class Blob(Protocol):
    """A file of a log, here or on the server."""

    name: str
    size: int
    modified: datetime

    async def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` on."""


class Piece(Struct, frozen=True):
    lines: list[Line]
    whole: bool
    """Nothing of the stretch is missing at its start."""
    first: bool
    """It begins where the file does."""


async def stretch(blob: Blob, form: Form, start: datetime, end: datetime, most: int) -> Piece:
    """The lines between two moments, and some around; of more than `most` bytes the last."""
    begin, stop = 0, blob.size
    if blob.size > NEAR:
        begin = await _place(blob, form, start)
        if blob.modified > end:
            stop = min(blob.size, await _place(blob, form, end) + NEAR)
    whole = stop - begin <= most
    begin = max(begin, stop - most)
    data = await blob.read(begin, stop - begin)
    text = data.decode(errors="replace")
    if begin:
        text = text.partition("\n")[2]
    return Piece([(None, line.rstrip("\r")) for line in text.split("\n") if line], whole, begin == 0)


async def _place(blob: Blob, form: Form, when: datetime) -> int:
    """An offset before which everything is older than `when`."""
    low, high = 0, blob.size
    while high - low > NEAR:
        middle = (low + high) // 2
        lines = (await blob.read(middle, LOOK)).decode(errors="replace").split("\n")[1:]
        zone = when.tzinfo
        assert zone is not None
        at = next((found for line in lines if (found := moment_in(line, form, zone)) is not None), None)
        low, high = (middle, high) if at is not None and at < when else (low, middle)
    return low
