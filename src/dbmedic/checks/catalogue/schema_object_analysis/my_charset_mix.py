"""Text columns that are, or by their name should be, joined although their collations differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dbmedic.checks import workload
from dbmedic.checks.context import Context
from dbmedic.core.errors import Denied, OutsideFailed, WriteRefused
from dbmedic.core.values import Row
from dbmedic.kit import statements

MOST = 12
BREADTH = ("ascii", "latin1", "utf8mb3", "utf8", "utf8mb4")
"""Character sets, each within the next as far as conversion goes."""
UNJOINED: Row = dict.fromkeys(("joined", "unkeyed", "query", "share"))


async def rows(context: Context) -> list[Row]:
    """One row per column that should be converted; those that a statement joins come first."""
    found: dict[tuple[Any, ...], Row] = {}
    for statement in (await workload.statements(context))[:MOST]:
        async for row in _joined(context, statement):
            found.setdefault((row["schema"], row["table"], row["column"]), row)
    for one, other in pairs(await context.rows(context.query("mixed"))):
        row = {**told(one, other), **UNJOINED}
        found.setdefault((row["schema"], row["table"], row["column"]), row)
    return list(found.values())


def pairs(columns: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Of each name, its unique column with every other of another collation."""
    for key in columns:
        if key["key"] not in ("PRI", "UNI"):
            continue
        for other in columns:
            if (
                (other["schema"], other["column"]) == (key["schema"], key["column"])
                and other["table"] != key["table"]
                and other["collation"] != key["collation"]
            ):
                yield key, other


def told(one: Row, other: Row) -> Row:
    """The pair, with the column to convert first: the one of the narrower character set."""
    narrow, wide = sorted((one, other), key=lambda column: (_breadth(column), str(column["table"])))
    return {
        **{name: narrow[name] for name in ("schema", "table", "column", "charset", "collation")},
        "other": f"{wide['schema']}.{wide['table']}.{wide['column']}",
        "other_collation": wide["collation"],
        "wanted": wide["collation"],
        "wanted_charset": wide["charset"],
    }


def _breadth(column: Row) -> int:
    return BREADTH.index(column["charset"]) if column["charset"] in BREADTH else 0


async def _joined(context: Context, statement: Row) -> Any:
    """A row for each join of the statement whose sides differ."""
    schema, text = statement["database"], str(statement["query"])
    if not schema:
        return
    for join in statements.asks(text, "mysql").joins:
        sides: list[Row] = []
        for table, column in ((join.table, join.column), (join.other_table, join.other_column)):
            place = {"schema": schema, "table": table, "column": column}
            sides += await context.rows(context.query("column"), place)
        if len(sides) != 2 or None in (collations := [side["collation"] for side in sides]):
            continue
        if collations[0] != collations[1]:
            unkeyed = await _unkeyed(context, statement)
            seen = {"joined": "yes", "unkeyed": unkeyed, "query": text, "share": statement["share"]}
            yield {**told(*sides), **seen}


async def _unkeyed(context: Context, statement: Row) -> str | None:
    """One of the tables that the plan reads in full, under whatever alias; None when each has a key."""
    text = str(statement["query"])
    try:
        plan = await context.plan(statement.get("raw") or text, database=statement["database"])
    except Denied as failure:
        context.better, context.better_grant = f"EXPLAIN was refused: {failure}", failure.grant
        return None
    except (OutsideFailed, WriteRefused):
        return None
    return next((str(node["table_name"]) for node in _nodes(plan) if node.get("access_type") in ("ALL", "index")), None)


def _nodes(node: Any) -> Iterator[Row]:
    if isinstance(node, dict):
        if "table_name" in node:
            yield node
        for inner in node.values():
            yield from _nodes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _nodes(inner)
