"""The machine of a fault's server as if it were alone there: its own processor time, the real disk and memory.

Tests share their machine with whatever else runs, and a machine that others keep busy is no fault of the server.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import anyio

from dbmedic.core.ports import Engine
from dbmedic.core.values import Instance, Row
from dbmedic.metrics.local import Local

SAMPLE_S = 0.5
TICKS = os.sysconf("SC_CLK_TCK")


class Alone:
    """A `MetricSource` that knows the server whose first process has the given id."""

    name = "host"

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._local = Local()

    async def rows(self, what: str, instance: Instance, engine: Engine) -> list[Row]:
        """See `MetricSource.rows`."""
        if what != "cpu":
            return await self._local.rows(what, instance, engine)
        before, start = used_s(self._pid), time.monotonic()
        await anyio.sleep(SAMPLE_S)
        cores = os.cpu_count() or 1
        busy = (used_s(self._pid) - before) / (time.monotonic() - start) / cores
        return [{"ratio": min(1.0, max(0.0, busy)), "cores": cores, "source": self.name}]

    async def close(self) -> None:
        await self._local.close()


def used_s(pid: int) -> float:
    """Processor time of a process, its living children and those it has buried, in seconds."""
    total = 0.0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        own = int(file.parent.name) == pid
        if own or int(fields[1]) == pid:
            total += sum(map(int, fields[11:15] if own else fields[11:13])) / TICKS
    return total
