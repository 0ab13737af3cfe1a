"""Whether a large cache is mapped in huge pages."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row

LARGE = 8 * 10**9
"""Bytes of cache from which it matters."""


async def rows(context: Context) -> list[Row]:
    """One row.  Raises `Unmeasured` where the cache is large and the server does not tell which pages it got."""
    row = (await context.rows(context.query("state")))[0]
    if row["state"] == "unknown" and int(row["buffers"]) >= LARGE:
        what = f"PostgreSQL {context.facts.version[0]} does not tell whether huge_pages = try got its pages"
        raise Unmeasured("not_in_version", f"{what}; look at HugePages_Free in /proc/meminfo of its host")
    return [row]
