"""A volume whose size a person typed in at registration, and what the engine says that it has filled of it.

The engine's own sizes are data, WAL and binary logs; other files on the volume are not seen.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import anyio

from dbmedic.core.errors import Denied, OutsideFailed, StatementFailed, Unmeasured
from dbmedic.core.ports import Engine
from dbmedic.core.values import EngineFacts, Instance, Row

TIMEOUT_S = 5.0


class Allocated:
    """The `MetricSource` of `instance add … --storage 100GiB`."""

    name = "allocated"

    async def rows(self, what: str, instance: Instance, engine: Engine) -> list[Row]:
        """See `MetricSource.rows`; only disk."""
        if what != "disk":
            raise Unmeasured("no_host_source", f"an allocated size says nothing about {what}")
        if instance.storage_bytes is None:
            raise Unmeasured("no_host_source", f"no allocated size is registered for {instance.id}")
        facts = await engine.facts()
        used, left_out = await self._used(facts, engine)
        total = instance.storage_bytes
        return [
            {
                "volume": "allocated storage",
                "holds": "data" if left_out else "data, log",
                "used": used,
                "total": total,
                "free": max(0, total - used),
                "ratio": used / total,
                "source": f"allocated, without {left_out}" if left_out else self.name,
            }
        ]

    async def close(self) -> None:
        """Nothing is held open."""

    async def _used(self, facts: EngineFacts, engine: Engine) -> tuple[int, str]:
        """Bytes in use, and what the account may not see of them."""
        said = statements().get(facts.engine)
        if said is None:
            raise Unmeasured("no_host_source", f"a {facts.engine} server does not tell how large its files are")
        grant = said.get("grant", "").format(role=facts.role) or None
        try:
            found = await engine.rows(said["used"], timeout_s=TIMEOUT_S)
        except (Denied, StatementFailed) as denied:
            raise Unmeasured("permission", f"the account {facts.role} may not see sizes: {denied}", grant) from None
        used, hidden = found[0]["used"], found[0]["hidden"]
        if used is None or hidden:
            what = f"the sizes of {hidden} databases" if hidden else "the sizes of tablespaces"
            raise Unmeasured("permission", f"the account {facts.role} may not see {what}", grant)
        if facts.engine == "sqlite":
            return int(used) + await _size(f"{found[0]['file']}-wal"), ""
        try:
            more = await engine.rows(said["more"], timeout_s=TIMEOUT_S)
        except OutsideFailed:
            return int(used), said["left_out"]
        return int(used) + sum(_bytes(row) for row in more), ""


@cache
def statements() -> dict[str, dict[str, str]]:
    """allocated.toml: engine -> used, more, left_out, grant."""
    loaded: dict[str, Any] = tomllib.loads((files("dbmedic.metrics") / "allocated.toml").read_text("utf-8"))
    return loaded


def _bytes(row: Row) -> int:
    """One row of `more`; SHOW names its column as it likes."""
    for name, value in row.items():
        if name.lower() in ("more", "file_size"):
            return int(value or 0)
    return 0


async def _size(path: str) -> int:
    """Bytes of a file; 0 when it is not there."""
    try:
        return (await anyio.Path(Path(path)).stat()).st_size
    except OSError:
        return 0
