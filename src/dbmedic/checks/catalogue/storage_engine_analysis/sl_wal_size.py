"""Sizes of an SQLite database's files, which SQL does not tell."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.to_thread

from dbmedic.checks.catalogue.lock_wait_deadlock_analysis.sl_busy import program, readers
from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row

LARGE = 16 * 2**20
"""Bytes of a log from which somebody must be keeping it: SQLite takes it over every 4 MB by itself."""
LOOKS = 10


async def rows(context: Context) -> list[Row]:
    """One row: bytes of the main file and of its -wal, and who keeps a large one from shrinking.

    Raises `Unmeasured` for a database that is no file here.
    """
    path = anyio.Path(context.facts.data_directory or "") / context.facts.database
    if not await path.is_file():
        raise Unmeasured("no_host_source", "the database is not a file that this machine can see")
    wal = path.with_name(path.name + "-wal")
    mode = await context.rows(context.query("mode"))
    main, ahead = (await path.stat()).st_size, (await wal.stat()).st_size if await wal.exists() else 0
    reader, name = await _reader(context, Path(path)) if ahead >= LARGE else (None, None)
    return [{"main": main, "wal": ahead, "mode": mode[0]["mode"] if mode else None, "reader": reader, "program": name}]


async def _reader(context: Context, path: Path) -> tuple[str | None, str | None]:
    """Id and name of a process that reads the file in every look, where the kernel tells."""
    pause, there = context.lanes.window_s / (LOOKS - 1), set[int]()
    for look in range(LOOKS):
        if look:
            await anyio.sleep(pause)
        try:
            now = await anyio.to_thread.run_sync(lambda: readers(path))
        except Unmeasured:
            return None, None
        there = there & now if look else now
    if not there:
        return None, None
    pid = min(there)
    return str(pid), await anyio.to_thread.run_sync(program, pid)
