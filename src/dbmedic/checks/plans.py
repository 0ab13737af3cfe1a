"""A planner's JSON -> the whole-table reads in it, with the conditions that an index could serve.  Pure.

What a condition says of an index is read in `kit/plans/conditions.py`; which index would help says `advice.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import Struct

from dbmedic.kit.plans.conditions import Kind, Term, terms

__all__ = ["Kind", "Scan", "Term", "mysql_scans", "postgres_scans", "terms"]

Node: TypeAlias = dict[str, Any]

JOINS = {"Hash Join": "Hash Cond", "Merge Join": "Merge Cond", "Nested Loop": "Join Filter"}


class Scan(Struct, frozen=True, kw_only=True):
    """A table that is read in full."""

    table: str
    alias: str
    schema: str | None = None
    rows: float | None = None
    """How many rows the planner expects to remain."""
    terms: tuple[Term, ...] = ()
    sort: tuple[str, ...] = ()
    """Columns it is sorted by, only when a limit follows."""
    through: str | None = None
    """An index that is read from end to end, for its order or because it is smaller; each row is then filtered."""


MANY = 10_000
"""Rows of a table that a statement reads altogether, from which it is worth a look."""


def postgres_scans(plan: Node) -> list[Scan]:
    """The full reads of an `EXPLAIN (FORMAT JSON)`, given as the object around "Plan" or the plan itself.

    A whole index read for its order, with a filter on each row, is one too: so a planner that does not know the limit
    or the value hopes to meet its rows early.
    """
    return list(_walk(plan.get("Plan", plan), ()))


def mysql_scans(plan: Node) -> list[Scan]:
    """The full reads of an `EXPLAIN FORMAT=JSON`, of MySQL or MariaDB.

    A table of which a join reads most rows through another column's index, to filter them then, is one too.
    """
    return [
        _mysql_scan(table)
        for table, before in _mysql_tables(plan, 1.0)
        if table.get("access_type") in ("ALL", "index") or _filtered_late(table, before)
    ]


def _walk(node: Node, above: tuple[Node, ...]) -> Iterator[Scan]:
    kind = node.get("Node Type", "")
    unbounded = kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and "Filter" in node
    if (kind == "Seq Scan" or unbounded) and node.get("Relation Name"):
        yield _postgres_scan(node, above)
    for child in node.get("Plans", ()):
        yield from _walk(child, (*above, node))


def _postgres_scan(node: Node, above: tuple[Node, ...]) -> Scan:
    alias = node.get("Alias") or node["Relation Name"]
    found = terms(node["Filter"], alias, "postgres") if node.get("Filter") else ()
    rows = float(node.get("Plan Rows", 0)) * _workers(above)
    if not any(term.kind in ("equal", "range", "pattern", "join", "contains") for term in found):
        joined = next(
            ((one, JOINS[one["Node Type"]]) for one in reversed(above) if one.get("Node Type") in JOINS), None
        )
        if joined is not None and joined[0].get(joined[1]):
            join = tuple(term for term in terms(joined[0][joined[1]], alias, "postgres") if term.kind == "join")
            if join:
                found, rows = (*join, *found), float(joined[0].get("Plan Rows", rows))
    return Scan(
        table=node["Relation Name"],
        alias=alias,
        schema=node.get("Schema"),
        rows=rows,
        terms=found,
        sort=_sort(above, alias),
        through=node.get("Index Name"),
    )


def _workers(above: tuple[Node, ...]) -> float:
    """By how much a row estimate inside a parallel part must be multiplied."""
    planned = next((int(node["Workers Planned"]) for node in reversed(above) if "Workers Planned" in node), 0)
    return planned + max(0.0, 1 - 0.3 * planned) if planned else 1.0


def _sort(above: tuple[Node, ...], alias: str) -> tuple[str, ...]:
    """Plain columns of the sort right above the scan, when only some of the sorted rows are wanted."""
    types = [node.get("Node Type") for node in above]
    if "Limit" not in types or any(kind in JOINS for kind in types):
        return ()
    keys = next((node["Sort Key"] for node in reversed(above) if "Sort Key" in node), ())
    names = []
    for key in keys:
        name = re.sub(r"\s+(asc|desc|nulls (first|last))", "", str(key), flags=re.IGNORECASE).removeprefix(f"{alias}.")
        if not re.fullmatch(r'[a-z_][a-z0-9_]*|"[^"]+"', name):
            return ()
        names.append(name.strip('"'))
    return tuple(names)


def _mysql_tables(node: Any, before: float) -> Iterator[tuple[Node, float]]:
    """Each table with how many times it is read: the rows of those that stand before it in its nested loop."""
    if isinstance(node, dict):
        if "table_name" in node and "access_type" in node:
            yield node, before
        for name, value in node.items():
            if name == "nested_loop" and isinstance(value, list):
                times = before
                for one in value:
                    found = list(_mysql_tables(one, times))
                    yield from found
                    times *= max([1.0, *(_rows(table) for table, _ in found)])
            elif name == "block-nl-join" and isinstance(value, dict):
                # MariaDB tells the condition of a join through a buffer above the table that it reads
                joined = value.get("attached_condition")
                for table, times in _mysql_tables(value, before):
                    both = [f"({one})" for one in (table.get("attached_condition"), joined) if one]
                    yield {**table, "attached_condition": " and ".join(both)}, times
            else:
                yield from _mysql_tables(value, before)
    elif isinstance(node, list):
        for value in node:
            yield from _mysql_tables(value, before)


def _rows(table: Node) -> float:
    return float(table.get("rows") or table.get("rows_examined_per_scan") or 1)


def _filtered_late(table: Node, before: float) -> bool:
    """Read often by a key that is not of its condition, which then throws most of it away."""
    condition = str(table.get("attached_condition") or "")
    if not condition or before * _rows(table) < MANY or before < 2:
        return False
    used = set(table.get("used_key_parts") or ())
    found = terms(condition, str(table["table_name"]), "mysql")
    return any(term.kind == "equal" and term.column not in used for term in found)


def _mysql_scan(table: Node) -> Scan:
    alias = str(table["table_name"])
    condition = str(table.get("attached_condition") or "")
    rows, filtered = table.get("rows") or table.get("rows_examined_per_scan"), table.get("filtered")
    left = float(rows) * float(filtered) / 100 if rows is not None and filtered is not None else None
    return Scan(table=alias, alias=alias, rows=left, terms=terms(condition, alias, "mysql") if condition else ())
