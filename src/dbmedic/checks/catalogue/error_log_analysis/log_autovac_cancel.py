"""Vacuums that had to give way to somebody's lock, by the table."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import HOUR, grouped, said
from dbmedic.core.values import Row

TABLE = re.compile(r'(?:of table|表) "([^"]+)"')


async def rows(context: Context) -> list[Row]:
    """A row per table."""
    found = await said(context, HOUR)
    cancelled = found.those(lambda one: one.message.startswith(("canceling autovacuum", "取消自动清理")))
    made = []
    for table, entries in grouped(cancelled, lambda one: _table(one.context)).items():
        database, _, name = table.partition(".")
        made.append(found.row(entries) | {"table": name or database, "database": database if name else None})
    return made


def _table(text: str) -> str:
    match = TABLE.search(text)
    return match[1] if match else "unknown"
