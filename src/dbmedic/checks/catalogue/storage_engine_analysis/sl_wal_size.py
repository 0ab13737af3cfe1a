"""Sizes of an SQLite database's files, which SQL does not tell."""

from __future__ import annotations

import anyio

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row: bytes of the main file and of its -wal.  Raises `Unmeasured` for a database that is no file here."""
    path = anyio.Path(context.facts.data_directory or "") / context.facts.database
    if not await path.is_file():
        raise Unmeasured("no_host_source", "the database is not a file that this machine can see")
    wal = path.with_name(path.name + "-wal")
    mode = await context.rows(context.query("mode"))
    return [
        {
            "main": (await path.stat()).st_size,
            "wal": (await wal.stat()).st_size if await wal.exists() else 0,
            "mode": mode[0]["mode"] if mode else None,
        }
    ]
