"""Several orders of the same passages -> one; and how much of a query a passage speaks of.  Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

K: Final = 60
"""How slowly a place in an order loses its worth (reciprocal rank fusion)."""
WORK: Final = 8_000
"""Rows of the word index that one query may score: with more, its commonest words are left to the second look."""


def fused(orders: Sequence[Sequence[str]], weights: Sequence[float] | None = None, *, k: int = K) -> list[str]:
    """Ids by the sum of their reciprocal ranks, best first; equals keep the order in which they came."""
    worth: dict[str, float] = {}
    for order, share in zip(orders, weights or [1.0] * len(orders), strict=True):
        for place, one in enumerate(order, 1):
            worth[one] = worth.get(one, 0.0) + share / (k + place)
    return sorted(worth, key=lambda one: -worth[one])


def worths(words: Iterable[str], found: Mapping[str, int], total: int) -> dict[str, float]:
    """What each word of a query says: the rarer among `total` passages, the more.  A word found nowhere says most."""
    return {word: math.log(1 + (total - (n := found.get(word, 0)) + 0.5) / (n + 0.5)) for word in dict.fromkeys(words)}


def chosen(words: Iterable[str], found: Mapping[str, int], *, work: int = WORK) -> list[str]:
    """The words to look up, rarest first, until their rows exceed `work`; at least one that is found at all."""
    picked: list[str] = []
    rows = 0
    for word in sorted((one for one in dict.fromkeys(words) if found.get(one)), key=lambda one: found[one]):
        if picked and rows + found[word] > work:
            break
        picked.append(word)
        rows += found[word]
    return picked


def coverage(worth: Mapping[str, float], title: Collection[str], body: Collection[str]) -> float:
    """Share of the query's worth that a passage speaks of, 0..1."""
    whole = sum(worth.values())
    return sum(value for word, value in worth.items() if word in title or word in body) / whole if whole else 0.0
