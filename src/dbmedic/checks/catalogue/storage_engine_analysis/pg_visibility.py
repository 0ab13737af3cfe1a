"""Large tables that few pages are known to be visible of, and a statement that reads them by an index-only scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dbmedic.checks import workload
from dbmedic.checks.context import Context
from dbmedic.core.errors import Denied, OutsideFailed, WriteRefused
from dbmedic.core.values import Row

MOST = 12
"""How many statements are planned."""


async def rows(context: Context) -> list[Row]:
    """One row per table that such a statement reads; they are only looked for where there is such a table.

    Raises `Denied` when it found none and a plan was refused.
    """
    tables = {
        (row["database"], row["schema"], row["table"]): row for row in await context.everywhere(context.query("tables"))
    }
    if not tables:
        return []
    found: dict[tuple[Any, ...], Row] = {}
    refused: Denied | None = None
    for statement in (await workload.statements(context))[:MOST]:
        words = str(statement["query"]).lower()
        if not any(key[0] == statement["database"] and str(key[2]).lower() in words for key in tables):
            continue
        try:
            plan = await context.plan(statement.get("raw") or words, database=statement["database"])
        except Denied as failure:
            refused = failure
            continue
        except (OutsideFailed, WriteRefused):
            continue
        for name, index in scans(plan.get("Plan", plan)):
            key = next((one for one in tables if one[0] == statement["database"] and one[2] == name), None)
            if key is not None:
                told = {"index": index, "query": statement["query"], "share": statement["share"]}
                found.setdefault(key, {**tables[key], **told})
    if refused is not None and not found:
        raise refused
    return list(found.values())


def scans(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(table, index) of each index-only scan of a plan."""
    if node.get("Node Type") == "Index Only Scan":
        yield str(node["Relation Name"]), str(node["Index Name"])
    for inner in node.get("Plans", ()):
        yield from scans(inner)
