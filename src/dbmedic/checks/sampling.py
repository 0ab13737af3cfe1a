"""Several looks at the same rows -> one list of rows.  Pure: the looks come in with their distance in seconds.

A counter that fell, or a column that says when counters were reset and changed, discards the interval: a rate since a
reset is never shown as the present one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from dbmedic.core.values import Row


def delta(
    first: Iterable[Row],
    second: Iterable[Row],
    *,
    key: Sequence[str],
    counters: Sequence[str],
    reset: Sequence[str] = (),
    new: Literal["zero", "drop"] = "zero",
) -> list[Row] | None:
    """The second look with `counters` as differences; a row that fell is dropped, a new one counts from zero.

    `new="drop"` is for a first look that was cut.  None when the counters were reset in between.
    """
    before = {_key(row, key): row for row in first}
    found: list[Row] = []
    fell = 0
    for row in second:
        base = before.get(_key(row, key), {})
        if not base and new == "drop":
            continue
        if base and any(base.get(column) != row.get(column) for column in reset):
            return None
        change = {name: _difference(row.get(name), base.get(name, 0)) for name in counters}
        if any(value is not None and value < 0 for value in change.values()):
            fell += 1
            continue
        found.append({**row, **change})
    return None if fell and not found else found


def twice(first: Iterable[Row], second: Iterable[Row], *, key: Sequence[str]) -> list[Row]:
    """Rows of the second look that were there in the first (gate G3)."""
    before = {_key(row, key) for row in first}
    return [row for row in second if _key(row, key) in before]


def many(looks: Sequence[Sequence[Row]], *, key: Sequence[str]) -> list[Row]:
    """One row per key, as last seen, with `hits` (rows in all looks, or the sum of their own `hits`) and `samples`
    (number of looks); most often seen first.
    """
    found: dict[tuple[object, ...], Row] = {}
    for look in looks:
        for row in look:
            hits = found.get(_key(row, key), {}).get("hits", 0) + row.get("hits", 1)
            found[_key(row, key)] = {**row, "hits": hits, "samples": len(looks)}
    return sorted(found.values(), key=lambda row: -int(row["hits"]))


def _key(row: Row, key: Sequence[str]) -> tuple[object, ...]:
    return tuple(row.get(name) for name in key)


def _difference(now: float | None, before: float | None) -> float | None:
    return None if now is None else now - (before or 0)
