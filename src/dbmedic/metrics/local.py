"""This machine, when the watched server runs on it: file systems, processors, memory.

Reads files of the kernel and asks file systems for their size, in a thread and within a time limit: a network file
system that is gone answers never.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from dbmedic.core.errors import OutsideFailed, Unmeasured
from dbmedic.core.ports import Engine
from dbmedic.core.values import EngineFacts, Instance, Row
from dbmedic.kit.units import seconds_text
from dbmedic.metrics import kernel

T = TypeVar("T")

TABLESPACES = "select pg_tablespace_location(oid) as place from pg_tablespace"

ELSEWHERE = (
    ("innodb_data_home_dir", "data"),
    ("innodb_log_group_home_dir", "redo log"),
    ("innodb_undo_directory", "undo"),
    ("log_bin_basename", "binary log"),
    ("tmpdir", "temporary files"),
)
"""Settings of MySQL and MariaDB that may lie on another volume than the data directory."""


class Local:
    """The `MetricSource` of the machine dbmedic runs on."""

    name = "host"

    def __init__(self, *, root: Path = Path("/"), sample_s: float = 0.5, timeout_s: float = 2.0) -> None:
        """`root` holds proc and sys.  `sample_s`: what lies between two samples when there is none yet."""
        self._root, self._sample_s, self._timeout_s = root, sample_s, timeout_s
        self._last: kernel.Sample | None = None
        # Threads that hang on a dead file system are left behind; these few are all that may be lost to it.
        self._threads = anyio.CapacityLimiter(4)

    async def rows(self, what: str, instance: Instance, engine: Engine) -> list[Row]:
        """See `MetricSource.rows`; disk adds free (what an unprivileged writer may still use) and holds."""
        if what not in ("disk", "cpu", "memory"):
            raise Unmeasured("no_host_source", f"the host source knows disk, cpu and memory, not {what}")
        facts = await engine.facts()
        if not facts.local:
            raise Unmeasured("no_host_source", f"the server of {instance.id} does not run on this machine")
        if what == "disk":
            return await self._disk(instance, facts, engine)
        before, after = await self._two_samples()
        row = kernel.cpu(before, after) if what == "cpu" else kernel.memory(before, after)
        if row is None:
            raise Unmeasured("no_host_source", f"this machine has no /proc that tells its {what}")
        return [row | {"source": self.name}]

    async def close(self) -> None:
        """Nothing is held open."""
        self._last = None

    async def _disk(self, instance: Instance, facts: EngineFacts, engine: Engine) -> list[Row]:
        if facts.data_directory is None:
            grant = f'GRANT pg_monitor TO "{facts.role}"' if facts.engine == "postgres" else None
            raise Unmeasured(
                "permission",
                f"the server of {instance.id} runs on this machine, but the account {facts.role} may not read where "
                "its data directory is",
                grant,
            )
        places = folders(facts)
        if facts.engine == "postgres":
            try:
                spaces = await engine.rows(TABLESPACES)
            except OutsideFailed:
                spaces = []
            places += [(str(row["place"]), "tablespace") for row in spaces if row["place"]]
        data = facts.data_directory
        try:
            rows = await self._in_thread(lambda: volumes(places))
        except TimeoutError:
            raise Unmeasured(
                "timeout",
                f"the file system of {data} did not answer within {seconds_text(self._timeout_s)}; is it a network "
                "file system that is gone?",
            ) from None
        if not rows:
            raise Unmeasured(
                "no_host_source",
                f"the server of {instance.id} says that its data is in {data}, which does not exist on this machine: "
                "it runs in a container or behind a tunnel",
            )
        return [row | {"source": self.name} for row in rows]

    async def _two_samples(self) -> tuple[kernel.Sample, kernel.Sample]:
        """The last sample when it is of this minute, else one taken now; and one after it."""
        before = self._last
        if before is None or not self._sample_s <= time.monotonic() - before.at_s <= 60:
            before = await self._sample()
            await anyio.sleep(self._sample_s)
        self._last = after = await self._sample()
        return before, after

    async def _sample(self) -> kernel.Sample:
        try:
            files = await self._in_thread(lambda: read(self._root, kernel.FILES))
        except TimeoutError:
            raise Unmeasured("timeout", "the files of this machine's kernel could not be read in time") from None
        return kernel.Sample(time.monotonic(), files, os.sysconf("SC_PAGE_SIZE"))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        with anyio.fail_after(self._timeout_s):
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._threads)


def folders(facts: EngineFacts) -> list[tuple[str, str]]:
    """(path, what it holds): the data directory first, then what may lie on other volumes."""
    data = facts.data_directory or ""
    found = [(data, "data")]
    if facts.engine == "postgres":
        found.append((f"{data}/pg_wal", "WAL"))
    for setting, holds in ELSEWHERE:
        place = facts.settings.get(setting, "")
        if setting == "log_bin_basename" and place:
            place = str(Path(place).parent)
        if place and not place.startswith("."):
            found.append((str(Path(data, place.split(":")[0])), holds))
    return found


def volumes(places: Sequence[tuple[str, str]]) -> list[Row]:
    """One row per file system, as `df` counts: ratio is used / (used + free).  Blocks; none when the first is missing.

    A folder that may not be looked into is measured by the nearest parent that may; but only the first, for the others
    may lie elsewhere and are then left out.
    """
    rows: dict[int, Row] = {}
    for number, (place, holds) in enumerate(places):
        path = _visible(Path(place), parents=number == 0)
        if path is None:
            if number == 0:
                return []
            continue
        device = path.stat().st_dev
        if device in rows:
            if holds not in rows[device]["holds"]:
                rows[device]["holds"] += f", {holds}"
            continue
        space = shutil.disk_usage(path)
        if space.total:
            rows[device] = {
                "volume": str(_mount(path, device)),
                "holds": holds,
                "used": space.used,
                "total": space.total,
                "free": space.free,
                "ratio": space.used / (space.used + space.free) if space.used + space.free else 1.0,
            }
    return list(rows.values())


def _visible(path: Path, *, parents: bool) -> Path | None:
    while True:
        try:
            path.stat()
        except PermissionError:
            if not parents or path.parent == path:
                return None
            path = path.parent
        except OSError:
            return None
        else:
            return Path(os.path.realpath(path))


def _mount(path: Path, device: int) -> Path:
    """The highest folder on the same file system."""
    while path.parent != path and path.parent.stat().st_dev == device:
        path = path.parent
    return path


def read(root: Path, names: Sequence[str]) -> dict[str, str]:
    """The texts of the files that exist and may be read.  Blocks."""
    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = (root / name).read_text()
        except OSError:
            continue
    return found
