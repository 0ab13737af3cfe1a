"""Tables that a connected role used and may not use any more, as its own statements and the catalogue tell together."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.core.values import Row

TARGET = re.compile(r"^\s*(?:insert\s+into|update|delete\s+from)\s+(?:only\s+)?([\w.\"]+)", re.IGNORECASE)
SOURCE = re.compile(r"\b(?:from|join)\s+(?:only\s+)?([\w.\"]+)", re.IGNORECASE)


async def rows(context: Context) -> list[Row]:
    """One row per table: the role, the rights that it lacks, its most frequent statement, and failed transactions."""
    lacking = {
        (row["role"], name): row
        for row in await context.rows(context.query("rights"))
        for name in (f"{row['schema']}.{row['table']}", *(() if row["twin"] else (row["table"],)))
    }
    found: dict[tuple[str, str, str], Row] = {}
    for one in await context.rows(context.query("statements")) if lacking else ():
        for name, right in used(str(one["query"])):
            table = lacking.get((one["role"], name))
            if table is None or table[f"can_{right.lower()}"]:
                continue
            row = found.setdefault(
                (table["role"], table["schema"], table["table"]), {**table, "query": one["query"], "calls": 0}
            )
            row["calls"] += one["calls"]
            row["rights"] = ", ".join(sorted({*filter(None, str(row.get("rights", "")).split(", ")), right}))
    if not found:
        return []
    [failed] = await context.delta(context.query("failing"), key=("database",), counters=("rollbacks",))
    return [{**row, "rollbacks": failed["rollbacks"]} for row in found.values()]


def used(statement: str) -> set[tuple[str, str]]:
    """(table as it is written, the right its use takes) of the simple parts of a statement."""
    target = TARGET.match(statement)
    verb = statement.split(None, 1)[0].upper() if statement.strip() else ""
    found = {(_plain(name), "SELECT") for name in SOURCE.findall(statement)}
    if target is None:
        return found
    name = _plain(target[1])
    return {(one, right) for one, right in found if one != name} | {(name, verb)}


def _plain(name: str) -> str:
    return name.replace('"', "")
