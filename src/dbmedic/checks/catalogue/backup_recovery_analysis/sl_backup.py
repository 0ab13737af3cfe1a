"""Copies of an SQLite file that lie near it, known by their name."""

from __future__ import annotations

import time
from pathlib import Path

import anyio.to_thread

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row

FOLDERS = (".", "backup", "backups")
OWN = ("-wal", "-shm", "-journal")
MOST = 10_000
"""Names of a folder that are looked at."""


async def rows(context: Context) -> list[Row]:
    """One row; `newest` is the age of the youngest copy.  Raises `Unmeasured` where there is no such folder here."""
    path = Path(context.facts.data_directory or "") / context.facts.database
    ages = await anyio.to_thread.run_sync(lambda: copies(path))
    mode = await context.rows(context.query("mode"))
    return [
        {
            "copies": len(ages),
            "newest": min(ages, default=None),
            "name": f"{path}.{time.strftime('%Y%m%d', time.gmtime())}.backup",
            "folder": str(path.parent),
            "mode": mode[0]["mode"] if mode else None,
        }
    ]


def copies(path: Path) -> list[float]:
    """Ages in seconds of the files that begin with the name of `path` and are not its own.  Blocks."""
    if not path.is_file():
        raise Unmeasured("no_host_source", "the database is not a file that this machine can see")
    found: list[float] = []
    for folder in (path.parent / name for name in FOLDERS):
        try:
            names = [one for _, one in zip(range(MOST), folder.iterdir(), strict=False)]
        except OSError:
            continue
        found += [time.time() - one.stat().st_mtime for one in names if _copy(one, path)]
    return found


def _copy(one: Path, path: Path) -> bool:
    own = one.name == path.name or one.name.endswith(OWN)
    return one.name.startswith(path.stem) and not own and one.is_file()
