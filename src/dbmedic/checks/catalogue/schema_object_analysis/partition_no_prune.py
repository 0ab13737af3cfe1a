"""Statements that look into every partition because their conditions leave the partition key out, or wrap it.

A plan alone would accuse those whose key is a parameter: they are pruned when they run.  So the text must lack the key
as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dbmedic.checks import workload
from dbmedic.checks.context import Context
from dbmedic.core.errors import Denied, OutsideFailed, WriteRefused
from dbmedic.core.values import Row
from dbmedic.kit import statements

MOST = 12
"""How many statements are looked at."""
LEAST_SHARE = 0.02


async def rows(context: Context) -> list[Row]:
    """One row per table, with the most expensive such statement; asked only where tables have many partitions."""
    postgres = context.facts.engine == "postgres"
    seen = await (context.everywhere(context.query("tables")) if postgres else context.rows(context.query("tables")))
    if not seen:
        return []
    found: dict[tuple[Any, ...], Row] = {}
    for statement in (await workload.statements(context))[:MOST]:
        if not statement["chooses"] or (statement["share"] or 0) < LEAST_SHARE:
            continue
        for table in seen:
            key = (table.get("database"), table["schema"], table["table"])
            if key in found or statement["database"] != (table["database"] if postgres else table["schema"]):
                continue
            told = await _visit(context, statement, table)
            if told is not None:
                found[key] = {**table, **told}
    return list(found.values())


async def _visit(context: Context, statement: Row, table: Row) -> Row | None:
    text, engine = str(statement["query"]), context.facts.engine
    asked = statements.asks(text, engine)
    if not asked.parsed or str(table["table"]).lower() not in {one.name.lower() for one in asked.tables}:
        return None
    keys = columns(str(table["key"] or ""))
    bare, wrapped = used(asked, str(table["table"]), keys)
    if bare or not keys:
        return None
    try:
        plan = await context.plan(statement.get("raw") or text, database=statement["database"], schema=table["schema"])
    except Denied as failure:
        context.better, context.better_grant = f"EXPLAIN was refused: {failure}", failure.grant
        visited, confidence = int(table["partitions"]), "heuristic"
    except (OutsideFailed, WriteRefused):
        return None
    else:
        names, confidence = set(str(table["names"]).split(",")), str(statement["confidence"])
        visited = len(set(_scanned(plan)) & names) if names != {""} else _listed(plan)
    told = {name: statement[name] for name in ("query", "share", "calls", "mean_s")}
    told |= {"key": ", ".join(sorted(keys)), "visited": visited, "wrapped": wrapped, "confidence": confidence}
    return told if visited else None


def columns(expression: str) -> set[str]:
    """The columns in a partition expression: a list of names, or names in backticks."""
    quoted = re.findall(r"`([^`]+)`", expression)
    return set(quoted) if quoted else set(re.findall(r"\w+(?!\w*\()", expression))


def used(asked: statements.Asks, table: str, keys: set[str]) -> tuple[bool, str | None]:
    """Whether a key column stands bare in a condition or join, and what wraps one otherwise.

    Digests of MySQL write names that are also words of the language in capitals, so case does not count.
    """
    known = {(table.lower(), key.lower()) for key in keys}
    wrapped = None
    for one in asked.predicates:
        if (one.table.lower(), one.column.lower()) in known:
            if one.function is None:
                return True, None
            wrapped = one.function
    for join in asked.joins:
        sides = {(join.table.lower(), join.column.lower()), (join.other_table.lower(), join.other_column.lower())}
        if sides & known:
            return True, None
    return False, wrapped


def _scanned(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "Relation Name" in node:
            yield str(node["Relation Name"])
        for inner in node.values():
            yield from _scanned(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _scanned(inner)


def _listed(node: Any) -> int:
    """The most partitions that a plan of MySQL lists for a table."""
    if isinstance(node, dict):
        if "partitions" in node and "table_name" in node:
            return len(node["partitions"])
        return max((_listed(inner) for inner in node.values()), default=0)
    if isinstance(node, list):
        return max((_listed(inner) for inner in node), default=0)
    return 0
