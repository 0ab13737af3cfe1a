"""Other forms of a candidate index: covering, so that the table is not visited; partial, of the rows asked for.  Pure.

Both are guesses until a planner has tried them.  A covering one is only made of narrow columns that no statement of the
workload changes; a partial one of a condition that stands in every text of the statement and holds for few rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from msgspec import Struct
from msgspec.structs import replace

from dbmedic.checks.advice import Table
from dbmedic.checks.indexing import ENTRY, Candidate, width
from dbmedic.kit.statements.needs import Condition, Needs

MOST_HELD = 4
"""Columns held besides the keys."""
WIDEST = 48
"""Their bytes in all."""
PART = 0.3
"""Share of the rows that a partial index may hold at most."""
FEW = 20
"""Different values of a column whose constant is a word of the schema, not one customer's."""
FIXED = re.compile(
    r"(?:small|big|tiny|medium)?int|integer|date|time|real|double|numeric|decimal|bool|uuid|enum|year|bit\b"
    r"|(?:var)?char(?:acter varying|acter)?\((?:[1-5]?\d|6[0-4])\)"
)
"""Types that are narrow whatever they hold."""


class Column(Struct, frozen=True, kw_only=True):
    """What the server's statistics say of a column."""

    nulls: float
    """Share of the rows."""
    distinct: float
    """Different values; below 0 as a share of the rows."""
    width: float
    """Bytes on average."""
    frequency: float | None = None
    """Share of the rows with the value that was asked about, where it is a common one."""
    common: float = 0.0
    """Share of the rows with any common value."""


def covering(
    candidate: Candidate,
    table: Table,
    needed: Needs,
    changed: Collection[tuple[str, str]],
    known: Mapping[str, Column],
    *,
    include: bool,
) -> Candidate | None:
    """The candidate with all that the statement reads of its table; None where that is too much, or nothing more.

    `include`: the engine can hold columns that are no keys; else they become further keys.
    """
    if table.name in needed.whole:
        return None
    names = {column.lower(): column for column in table.types}
    used = {column.lower() for name, column in needed.columns if name.lower() == table.name.lower()}
    primary = next((one.keys for one in table.indexes if one.name == "PRIMARY"), ())
    rest = [names[one] for one in sorted(used & set(names)) if names[one] not in (*candidate.columns, *primary)]
    touched = {column.lower() for name, column in changed if name.lower() == table.name.lower()}
    wide = sum(_wide(table.types[one], known.get(one)) for one in rest)
    if not rest or len(rest) > MOST_HELD or wide > WIDEST or touched & {one.lower() for one in rest}:
        return None
    size = candidate.size + table.rows * candidate.part * wide / 0.9
    if include:
        return replace(candidate, include=tuple(rest), size=size, covers=True)
    return replace(candidate, columns=(*candidate.columns, *rest), size=size, covers=True)


def partial(candidate: Candidate, table: Table, condition: Condition, known: Column | None) -> Candidate | None:
    """The candidate for the rows of a condition alone; None where they are not few, or nobody knows."""
    part = share(condition, known)
    if part is None or part > PART or condition.table != table.name or condition.column not in table.types:
        return None
    keys = tuple(one for one in candidate.columns if one != condition.column) or candidate.columns
    wide = ENTRY + sum(width(table.types[one]) for one in keys)
    return replace(candidate, columns=keys, where=condition.text, part=part, size=table.rows * part * wide / 0.9)


def share(condition: Condition, known: Column | None) -> float | None:
    """Share of the rows for which a condition holds, by statistics; None where it may be one value of very many."""
    if known is None:
        return None
    if condition.kind in ("null", "not null"):
        return known.nulls if condition.kind == "null" else 1 - known.nulls
    if not 0 < known.distinct <= FEW:
        return None
    if known.frequency is not None:
        return known.frequency
    return max(0.0, 1 - known.nulls - known.common) if known.common else None


def _wide(kind: str, known: Column | None) -> float:
    """Bytes of a column; more than there is room for where it may be long."""
    if FIXED.match(kind):
        return width(kind)
    return known.width if known is not None and known.width <= WIDEST / 2 else WIDEST + 1
