"""PostgreSQL's own log: the collector's files, here on this machine or through the server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from dbmedic.core.errors import Denied, OutsideFailed, StatementFailed, Unmeasured
from dbmedic.core.ports import Engine
from dbmedic.core.values import EngineFacts, Instance
from dbmedic.logs.files import LocalFile, beside

FILES = """/* dbmedic */
select name, size, modification as modified from pg_ls_logdir() order by modification desc limit 200"""
CHUNK = 2 * 1024 * 1024
"""Bytes asked of the server at once."""
KINDS = {"jsonlog": ".json", "csvlog": ".csv"}


@runtime_checkable
class ReadsLog(Protocol):
    """An engine whose server hands out parts of its log."""

    async def log_bytes(self, name: str, offset: int, length: int, /) -> bytes: ...


class ServerFile:
    """A file of the server's log folder."""

    def __init__(self, engine: ReadsLog, name: str, size: int, modified: datetime) -> None:
        self._engine = engine
        self.name, self.size, self.modified = name, size, modified

    async def read(self, offset: int, length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = await self._engine.log_bytes(self.name, offset + len(data), min(CHUNK, length - len(data)))
            if not part:
                break
            data += part
        return data


def suffix(facts: EngineFacts) -> str:
    """What the names of the best readable of its files end with."""
    wanted = facts.settings.get("log_destination", "stderr")
    return next((end for kind, end in KINDS.items() if kind in wanted), "")


async def here(facts: EngineFacts) -> list[LocalFile]:
    """The collector's files on this machine, the newest first; none where they cannot be read."""
    folder = facts.settings.get("log_directory")
    if not facts.local or not folder or not facts.data_directory:
        return []
    try:
        return await beside(Path(facts.data_directory, folder))
    except Unmeasured:
        return []


async def there(instance: Instance, engine: Engine, facts: EngineFacts) -> Sequence[ServerFile]:
    """The collector's files through the server, the newest first.  Raises `Unmeasured("no_log_source")`."""
    role = f'"{facts.role}"'
    read = f"GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint) TO {role}"
    if not isinstance(engine, ReadsLog):
        raise Unmeasured("no_log_source", f"the engine of {instance.id} hands out no log")
    try:
        rows = await engine.rows(FILES)
    except (Denied, StatementFailed):
        raise Unmeasured(
            "no_log_source",
            f"the role {facts.role} may not list the log files of {instance.id}",
            f"GRANT pg_monitor TO {role}; {read}",
        ) from None
    files = [ServerFile(engine, str(row["name"]), int(row["size"]), row["modified"]) for row in rows]
    if files:
        try:
            await files[0].read(0, 1)
        except Denied:
            raise Unmeasured(
                "no_log_source",
                f"the role {facts.role} may not read the log files of {instance.id}; the grant covers every file of "
                "the data directory, so a log that dbmedic can read on its own machine is the safer way",
                read,
            ) from None
        except OutsideFailed as failure:
            raise Unmeasured("no_log_source", f"the log of {instance.id} could not be read: {failure}") from None
    return files
