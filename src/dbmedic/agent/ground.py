"""A model's answer on its way out: numbers that nothing measured get a mark, statements are handed over for a check.

Text without a digit passes at once; from the first digit on, the rest of its sentence waits, so that a number is seen
with its unit.  The rule is told in `docs/why/015-numbers-are-matched.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from dbmedic.agent.ground_facts import Facts
from dbmedic.agent.ground_numbers import stated

HELD_CHARS: Final = 2000
"""A sentence that is longer is looked at in parts."""
CONTEXT: Final = 64
"""Characters of the line so far that a sentence is read with."""
BLOCK_CHARS: Final = 20_000
"""Of a code block; what is longer is not checked."""
_HOLD: Final = re.compile(r"[\d`~]|百分之")
_END: Final = re.compile(r"[.!?][\"')\]*_]*(?=\s)|[。！？]|\n")
_FENCE: Final = re.compile(r"\s{0,3}(?:[-*>]\s+)?(`{3,}|~{3,})\s*([\w+-]*)")
_PLAIN: Final = frozenset({"text", "txt", "plain", "plaintext", "md", "markdown", "output", "csv", "table"})
"""Blocks that are prose in another dress: their numbers are statements, too."""


class Block(NamedTuple):
    """A code block that has just ended."""

    language: str
    text: str


class Ground:
    """Fed with the pieces of one reply in their order."""

    def __init__(self, facts: Callable[[], Facts], mark: Callable[[], str]) -> None:
        """`facts` is called with the first number; what `mark` says goes behind a number that nothing says."""
        self._gather, self._mark = facts, mark
        self._facts: Facts | None = None
        self._line = ""
        """What is out of the line under way."""
        self._held = ""
        self._fence = ""
        self._language = ""
        self._code: list[str] = []
        self._size = 0
        self._rests: dict[str, None] = {}
        self.marked = 0

    @property
    def rests(self) -> tuple[str, ...]:
        """Ids of the measures that the numbers so far rest on."""
        return tuple(self._rests)

    def passes(self, text: str) -> bool:
        """Whether a piece goes out as it is, as most do; then it is out."""
        if self._held or self._fence or _HOLD.search(text) is not None:
            return False
        self._out(text)
        return True

    def feed(self, text: str) -> Iterator[str | Block]:
        """What may go out now."""
        if self.passes(text):
            yield text
            return
        since = max(0, len(self._held) - 8)
        self._held += text
        yield from self._cut(since)

    def end(self) -> Iterator[str | Block]:
        """What is left."""
        if self._fence:
            if _closes(self._held, self._fence):
                yield from self._code_line(self._held)
            else:
                yield self._held
                self._fence = ""
        elif self._held:
            yield self._seen(self._held)
        self._held = ""

    def _cut(self, since: int) -> Iterator[str | Block]:
        """Whole sentences and lines; none of them ends before `since`."""
        while self._held:
            if self._fence or (not self._line.strip() and self._held.lstrip(" >-*").startswith(("``", "~~"))):
                line, newline, rest = self._held.partition("\n")
                if not newline:
                    return
                self._held, since = rest, 0
                yield from self._code_line(line + newline)
                continue
            if (found := _END.search(self._held, since)) is None:
                if len(self._held) < HELD_CHARS:
                    return
                at = self._held.rfind(" ") + 1 or len(self._held)
            else:
                at = found.end()
            sentence, self._held, since = self._held[:at], self._held[at:], 0
            if sentence:
                yield self._seen(sentence)
            if self._held and not self._fence and _HOLD.search(self._held) is None:
                rest, self._held = self._held, ""
                self._out(rest)
                yield rest

    def _code_line(self, line: str) -> Iterator[str | Block]:
        """A whole line that opens, is in, or closes a code block."""
        self._line = ""
        if not self._fence:
            if (opened := _FENCE.match(line)) is None or opened[2].lower() in _PLAIN:
                yield self._seen(line)
                return
            self._fence, self._language, self._code, self._size = opened[1], opened[2].lower(), [], 0
            yield line
        elif _closes(line, self._fence):
            yield line
            self._fence = ""
            yield Block(self._language, "".join(self._code))
        else:
            self._size += len(line)
            if self._size <= BLOCK_CHARS:
                self._code.append(line)
            yield line

    def _seen(self, text: str) -> str:
        """A sentence, or a line, with its marks."""
        whole, start = self._line + text, len(self._line)
        self._out(text)
        if self._facts is None:
            self._facts = self._gather()
        parts, at = [], start
        for one in stated(whole, start, citations=self._facts.citations):
            rests = self._facts.rests(one)
            if rests is None:
                end = one.end + (1 if whole[one.end : one.end + 1] == "`" else 0)
                parts += [whole[at:end], self._mark()]
                at = end
                self.marked += 1
            elif rests:
                self._rests[rests] = None
        return "".join([*parts, whole[at:]])

    def _out(self, text: str) -> None:
        _, newline, tail = text.rpartition("\n")
        self._line = tail if newline else self._line + text
        if len(self._line) > CONTEXT:
            self._line = "…" + self._line[-CONTEXT + 1 :]  # no beginning of a line any more


def _closes(line: str, fence: str) -> bool:
    bare = line.strip(" \t>\r\n")
    return bool(bare) and set(bare) == {fence[0]} and len(bare) >= len(fence)
