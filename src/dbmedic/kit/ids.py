"""New ids: UUIDs of version 7, which begin with the time in milliseconds and go on at random.

Rows that are made together then lie together in every index that begins with an id, however large the store is: see
`docs/why/020-what-is-kept-stays-cheap.md`.
"""

from __future__ import annotations

from collections.abc import Callable

READY = 256
"""Ids for which the system is asked for random bytes at once: asking is what takes time."""
RANDOM_BYTES = 10


class NewIds:
    """`new_id()` -> such a UUID as text.  74 of its bits are random; that is no secret: who may see what is asked."""

    def __init__(self, random: Callable[[int], bytes], time_ns: Callable[[], int]) -> None:
        """`random(n)` -> n bytes; `time_ns()` -> nanoseconds since 1970."""
        self._random, self._time_ns, self._ready, self._at = random, time_ns, "", 0

    def __call__(self) -> str:
        if self._at >= len(self._ready):
            self._ready, self._at = self._random(RANDOM_BYTES * READY).hex(), 0
        at = self._at
        self._at = at + 2 * RANDOM_BYTES
        digits, ms = self._ready[at : self._at], f"{self._time_ns() // 1_000_000:012x}"
        variant = "89ab"[int(digits[3], 16) & 3]
        return f"{ms[:8]}-{ms[8:]}-7{digits[:3]}-{variant}{digits[4:7]}-{digits[7:19]}"
