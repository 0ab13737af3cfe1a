"""Indexes for a workload as a whole: candidates from all its statements, merged, and chosen by benefit per byte.  Pure.

What a candidate saves is measured by the planner or estimated by whoever calls; here is only what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from dbmedic.checks.advice import MAX_KEYS, Index, Table
from dbmedic.checks.template import ident
from dbmedic.kit.statements import Asks, Join

LEAST = 0.05
"""Share of the workload's effort that one more index must save."""
MORE = 0.1
"""Share that a covering index must save beyond the plain one: it is larger, and more writes change it."""
WIDTHS = {
    "smallint": 2, "int2": 2, "integer": 4, "int": 4, "int4": 4, "date": 4, "real": 4, "bigint": 8, "int8": 8,
    "timestamp": 8, "datetime": 8, "double": 8, "numeric": 8, "decimal": 8, "boolean": 1, "uuid": 16, "enum": 2,
}  # fmt: skip
ENTRY = 16
"""Bytes of an index entry besides its columns."""
RANGES = ("<", "<=", ">", ">=", "between")


class Candidate(Struct, frozen=True, kw_only=True):
    """An index that might be built."""

    schema: str
    table: str
    columns: tuple[str, ...]
    size: float
    """Bytes, estimated from the widths of its columns."""
    include: tuple[str, ...] = ()
    """Columns it holds besides, so that a statement need not visit the table."""
    where: str | None = None
    """Condition of the rows it holds; None: all."""
    part: float = 1.0
    """Share of the table's rows that it holds."""
    covers: bool = False
    """Holds more than its conditions need: all that a statement reads."""

    def body(self, engine: str) -> str:
        """What follows the table in its definition: keys, further columns, condition."""
        text = f"({', '.join(ident(column, engine) for column in self.columns)})"
        if self.include:
            text += f" INCLUDE ({', '.join(ident(column, engine) for column in self.include)})"
        return text + (f" WHERE {self.where}" if self.where else "")

    def definition(self, engine: str) -> str:
        """As one statement, without a name."""
        return f"CREATE INDEX ON {ident(self.schema, engine)}.{ident(self.table, engine)} {self.body(engine)}"


class Choice(Struct, frozen=True, kw_only=True):
    """A candidate worth its size."""

    candidate: Candidate
    saves: float
    """Share of the workload's effort."""
    statements: tuple[int, ...]
    """Which statements it makes cheaper, the most expensive first."""


def candidates(asked: Asks, tables: Mapping[str, Table]) -> list[Candidate]:
    """Per table of a statement: its equalities, with one range or the order after them; and each joined column.

    What an index that is there serves already is not among them.
    """
    found: list[Candidate] = []
    for name, table in tables.items():
        own = [one for one in asked.predicates if one.table == name and one.function is None]
        equal = list(dict.fromkeys(one.column for one in own if one.op in ("=", "in", "is null")))
        ranges = list(dict.fromkeys(one.column for one in own if one.op in RANGES))
        joined = [column for join in asked.joins for column in _of(join, name)]
        order = [one.column for one in asked.order_by if one.table == name]
        group = [one.column for one in asked.group_by if one.table == name]
        wanted = [[*equal, *ranges[:1]], [*equal, *order], [*joined[:1], *equal], [*equal, *joined[:1]]]
        if not equal and not ranges:
            wanted.append(group)
        for columns in wanted:
            keys = tuple(dict.fromkeys(columns))[:MAX_KEYS]
            if keys and all(key in table.types for key in keys) and not served(keys, table.indexes):
                size = table.rows * (ENTRY + sum(width(table.types[key]) for key in keys)) / 0.9
                found.append(Candidate(schema=table.schema, table=table.name, columns=keys, size=size))
    return list(dict.fromkeys(found))


def served(keys: tuple[str, ...], indexes: Sequence[Index]) -> bool:
    """Whether an index begins with these columns, in this order."""
    return any(one.valid and not one.partial and one.keys[: len(keys)] == keys for one in indexes)


def chosen(
    found: Sequence[Candidate], costs: Sequence[Mapping[int, float]], weights: Sequence[float], budget: float
) -> list[Choice]:
    """The best set within `budget` bytes, by what each next one saves per byte.

    `costs[s][c]` is the part of statement s's effort that is left with candidate c, where that was measured;
    `weights[s]` its share of the workload.  An index that another chosen one begins with is not chosen.
    """
    left = [1.0] * len(costs)
    room, out = budget, list[Choice]()
    taken: set[int] = set()
    known = [{at: kept(found, cost, at) for at in range(len(found))} for cost in costs]
    while True:
        best, gain = None, 0.0
        saved = [_saves(left, known, weights, at) for at in range(len(found))]
        for number, candidate in enumerate(found):
            if number in taken or candidate.size > room or any(_serves(one.candidate, candidate) for one in out):
                continue
            plain = [
                at for at, one in enumerate(found) if at != number and candidate.covers and _serves(candidate, one)
            ]
            least = max([LEAST, *(saved[at] + MORE for at in plain)])
            if saved[number] >= least and (best is None or saved[number] / _weight(candidate) > gain):
                best, gain = number, saved[number] / _weight(candidate)
        if best is None:
            return _without_prefixes(out)
        taken.add(best)
        helped = [s for s, cost in enumerate(known) if cost[best] < 0.9 * left[s]]
        saves = sum(weights[s] * (left[s] - known[s][best]) for s in helped)
        left = [min(rest, cost[best]) for rest, cost in zip(left, known, strict=True)]
        room -= found[best].size
        order = tuple(sorted(helped, key=lambda s: -weights[s]))
        out.append(Choice(candidate=found[best], saves=saves, statements=order))


def kept(found: Sequence[Candidate], cost: Mapping[int, float], number: int) -> float:
    """What is left of a statement's effort with an index: as measured, else as with one whose work it does as well."""
    if number in cost:
        return cost[number]
    return min((left for at, left in cost.items() if _serves(found[number], found[at])), default=1.0)


def _saves(left: Sequence[float], known: Sequence[Mapping[int, float]], weights: Sequence[float], number: int) -> float:
    return sum(weight * max(0.0, rest - cost[number]) for weight, rest, cost in zip(weights, left, known, strict=True))


def _weight(candidate: Candidate) -> float:
    return float(max(1.0, candidate.size) ** 0.25)


def _serves(long: Candidate, short: Candidate) -> bool:
    """Whether what `short` does `long` does as well."""
    same = (short.schema, short.table) == (long.schema, long.table)
    held = {*long.columns, *long.include}
    rows = long.where is None or long.where == short.where
    return same and rows and long.columns[: len(short.columns)] == short.columns and held >= {*short.include}


def _without_prefixes(out: list[Choice]) -> list[Choice]:
    """Without those that a later, longer choice serves as well; what they save is told of the longer one."""
    kept: list[Choice] = []
    for number, one in enumerate(out):
        longer = [other for other in out[number + 1 :] if _serves(other.candidate, one.candidate)]
        if not longer:
            shorter = [other for other in out[:number] if _serves(one.candidate, other.candidate)]
            saves = one.saves + sum(other.saves for other in shorter)
            numbers = tuple(dict.fromkeys([*one.statements, *(s for other in shorter for s in other.statements)]))
            kept.append(Choice(candidate=one.candidate, saves=saves, statements=numbers))
    return kept


def _of(join: Join, table: str) -> list[str]:
    sides = ((join.table, join.column), (join.other_table, join.other_column))
    return [column for name, column in sides if name == table]


def width(kind: str) -> float:
    """Bytes of a column of this type in an index, about."""
    if found := re.match(r"(?:var)?char(?:acter varying|acter)?\((\d+)\)", kind):
        return min(24.0, float(found[1]))
    return float(next((width for name, width in WIDTHS.items() if kind.startswith(name)), 20))
