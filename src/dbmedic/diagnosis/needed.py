"""What a text must have for a pattern to match it: looked for first, a thousand patterns cost a tenth.

Pure: from a regular expression to literals of which one must be there.
"""

from __future__ import annotations

from collections.abc import Iterable
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any


def needed(expression: str) -> tuple[str, ...]:
    """Literals of which every text that matches has at least one; empty when nothing can be said."""
    return _of(parser.parse(expression))


def _of(steps: Iterable[tuple[Any, Any]]) -> tuple[str, ...]:
    """Of all that a sequence needs, the choice whose shortest literal is the longest."""
    found: list[tuple[str, ...]] = []
    run = ""
    for code, value in steps:
        if code is codes.LITERAL:
            run += chr(value)
            continue
        if run:
            found.append((run,))
            run = ""
        if code is codes.SUBPATTERN:
            found.append(_of(value[3]))
        elif code is codes.BRANCH:
            ways = [_of(way) for way in value[1]]
            found.append(tuple(dict.fromkeys(text for way in ways for text in way)) if all(ways) else ())
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT) and value[0] > 0:
            found.append(_of(value[2]))
        elif code is codes.ATOMIC_GROUP:
            found.append(_of(value))
    if run:
        found.append((run,))
    return max(found, key=lambda texts: (min(map(len, texts), default=0), -len(texts)), default=())
