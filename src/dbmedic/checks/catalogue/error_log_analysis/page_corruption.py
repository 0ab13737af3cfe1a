"""Damaged blocks: what the server counts by their checksums, and what its log says of them."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import grouped, said, usual
from dbmedic.core.errors import OutsideFailed
from dbmedic.core.values import Row
from dbmedic.kit.serverlog.entry import Entry

DAMAGED = re.compile(
    r"invalid page in block|page verification failed|could not read blocks? |unexpected data beyond|is corrupted|"
    r"[Pp]age (?:corruption|.* is corrupt)|[Dd]atabase page corruption|[Cc]hecksum mismatch|marked as crashed"
)
BLOCK = re.compile(r"blocks? (\d+)")
RELATION = re.compile(r"(?:relation|file|table|index) [\"'`]?([\w./`-]+)")


async def rows(context: Context) -> list[Row]:
    """A row for each damaged relation of the log, and for each database that counted bad checksums."""
    postgres = context.facts.engine == "postgres"
    counted = await context.rows(context.query("counter")) if postgres else []
    try:
        found = await said(context)
    except OutsideFailed as failure:
        if not postgres:
            raise
        context.better = str(failure)
        return counted
    damaged = found.those(lambda one: one.code in ("XX001", "XX002", "1712") or bool(DAMAGED.search(one.message)))
    groups = grouped(damaged, _place)
    return [
        found.row(entries)
        | {"place": place, "block": _block(entries[-1]), "said": entries[-1].message[:300], "kind": "log",
           "query": usual(one.statement for one in entries)}
        for place, entries in groups.items()
    ] + counted  # fmt: skip


def _place(one: Entry) -> str:
    match = RELATION.search(one.message) or RELATION.search(one.context)
    return match[1] if match else one.database or "server"


def _block(one: Entry) -> int | None:
    match = BLOCK.search(one.message)
    return int(match[1]) if match else None
