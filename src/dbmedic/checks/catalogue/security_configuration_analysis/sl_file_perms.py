"""Who may reach an SQLite file, by the modes of the file, of its -wal and -shm, and of the folders above."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row

READ, WRITE, ENTER = 0o4, 0o2, 0o1
"""Rights of all others."""


async def rows(context: Context) -> list[Row]:
    """One row per file.  Raises `Unmeasured` where there is no such file here."""
    path = Path(context.facts.data_directory or "") / context.facts.database
    return await anyio.to_thread.run_sync(lambda: modes(path))


def modes(path: Path) -> list[Row]:
    """Blocks."""
    if not path.is_file():
        raise Unmeasured("no_host_source", "the database is not a file that this machine can see")
    reachable = all(folder.stat().st_mode & ENTER for folder in path.resolve().parents)
    found = []
    for one in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        if not one.exists():
            continue
        mode = one.stat().st_mode & 0o7777
        found.append(
            {
                "file": one.name,
                "path": str(one),
                "mode": f"{mode:04o}",
                "readable": int(reachable and bool(mode & READ)),
                "writable": int(reachable and bool(mode & WRITE)),
            }
        )
    return found
