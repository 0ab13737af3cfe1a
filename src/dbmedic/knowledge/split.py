"""Markdown or plain text -> passages, each small enough to be cited and whole enough to be understood.  Pure.

Cuts fall between blocks (paragraphs, lists, fenced code, tables), never inside one unless it alone is too large.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from dbmedic.knowledge.tokens import weight

PASSAGE: Final = 320
"""Weight (about tokens) of a passage at most."""
_HEADING: Final = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$")
_FENCE: Final = re.compile(r"^[ \t]*(```+|~~~+)")
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n")


class Piece(Struct, frozen=True, kw_only=True):
    """One passage of a document."""

    position: int
    """From 1."""
    start: int
    """Offset of its first character in the document."""
    heading: str
    """The headings above it, outermost first, joined by " › "; empty before the first."""
    text: str


class _Block(NamedTuple):
    start: int
    heading: str
    text: str


def passages(text: str, *, limit: int = PASSAGE, separator: str | None = None, overlap: int = 0) -> list[Piece]:
    """The passages of a document in order; nothing of its text but headings and empty lines is left out.

    `separator` cuts there instead of at blocks; `overlap` is how much (by weight) a passage repeats of the one before
    when both are under the same heading.
    """
    pieces: list[Piece] = []
    held: list[_Block] = []
    blocks = _cut(text, separator) if separator else _blocks(text)
    for block in (part for whole in blocks for part in _small(whole, limit)):
        size = sum(weight(one.text) for one in held)
        if held and (block.heading != held[0].heading or size + weight(block.text) > limit):
            pieces.append(_piece(len(pieces) + 1, held))
            held = _kept(held, overlap) if block.heading == held[0].heading else []
        held.append(block)
    if held:
        pieces.append(_piece(len(pieces) + 1, held))
    return pieces


def _piece(position: int, held: list[_Block]) -> Piece:
    text = "\n\n".join(one.text for one in held)
    return Piece(position=position, start=held[0].start, heading=held[0].heading, text=text)


def _kept(held: list[_Block], overlap: int) -> list[_Block]:
    kept: list[_Block] = []
    for block in reversed(held[1:]):
        if sum(weight(one.text) for one in kept) + weight(block.text) > overlap:
            break
        kept.insert(0, block)
    return kept


def _blocks(text: str) -> Iterator[_Block]:
    headings: list[tuple[int, str]] = []
    lines: list[str] = []
    start = offset = 0
    fence = ""

    def block() -> Iterator[_Block]:
        whole = "".join(lines).strip("\n").rstrip()
        if whole.strip():
            yield _Block(start, " › ".join(name for _, name in headings), whole)
        lines.clear()

    for line in text.splitlines(keepends=True):
        marks = _FENCE.match(line)
        heading = None if fence else _HEADING.match(line.rstrip("\n"))
        if heading:
            yield from block()
            depth = len(heading[1])
            headings = [*(one for one in headings if one[0] < depth), (depth, heading[2])]
        elif not fence and not line.strip():
            yield from block()
        else:
            if not lines:
                start = offset
            lines.append(line)
        if marks:
            fence = "" if fence and marks[1].startswith(fence) else fence or marks[1]
        offset += len(line)
    yield from block()


def _cut(text: str, separator: str) -> Iterator[_Block]:
    offset = 0
    for part in text.split(separator):
        if part.strip():
            yield _Block(offset + len(part) - len(part.lstrip()), "", part.strip())
        offset += len(part) + len(separator)


def _small(block: _Block, limit: int) -> Iterator[_Block]:
    """The block itself, or its pieces: at ends of sentences and lines, else after so many characters."""
    if weight(block.text) <= limit:
        yield block
        return
    begin, end = 0, 0
    ends = [found.end() for found in _SENTENCE.finditer(block.text)] + [len(block.text)]
    for stop in ends:
        if end > begin and weight(block.text[begin:stop]) > limit:
            yield _part(block, begin, end)
            begin = end
        while weight(block.text[begin:stop]) > limit:
            yield _part(block, begin, begin + limit)
            begin += limit
        end = stop
    if block.text[begin:].strip():
        yield _part(block, begin, len(block.text))


def _part(block: _Block, begin: int, end: int) -> _Block:
    return _Block(block.start + begin, block.heading, block.text[begin:end].strip())
