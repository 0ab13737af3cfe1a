"""Temporary files of statements, by the statement."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import HOUR, grouped, logged, said
from dbmedic.core.values import Row

FILE = re.compile(r"(?:temporary file: path|临时文件).* (\d+)$")


async def rows(context: Context) -> list[Row]:
    """A row per statement: files, bytes in all, the largest."""
    found = await said(context, HOUR)
    logged(context, "log_temp_files", "-1", "'10MB'")
    files = found.those(lambda one: bool(FILE.search(one.message)))
    made = []
    for query, entries in grouped(files, lambda one: one.statement).items():
        sizes = [int(match[1]) for one in entries if (match := FILE.search(one.message))]
        made.append(found.row(entries) | {"query": query or None, "total": sum(sizes), "largest": max(sizes)})
    return sorted(made, key=lambda row: -row["total"])
