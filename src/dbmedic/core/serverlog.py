"""What a server's own log says of a stretch of time, and the port through which checks and answers read it.

Nothing here holds a literal of a statement or a value of a row: those are taken out where lines are read.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from dbmedic.core.values import Instance
from dbmedic.kit.serverlog.entry import Entry

if TYPE_CHECKING:
    from dbmedic.core.ports import Engine


class LogRead(Struct, frozen=True, kw_only=True):
    """The entries of a stretch of time, oldest first."""

    source: str
    """Where they come from: a file's name, "journald", "docker", "performance_schema.error_log"."""
    entries: tuple[Entry, ...]
    start: datetime
    """From when on the log was read; later than asked where the log or the limit of bytes ends before."""
    end: datetime
    size_bytes: int | None = None
    """Of the current file, where it is known."""
    bytes_per_day: float | None = None
    """How fast it grows, by its size and the time it took."""
    volume_used: float | None = None
    """Share of the volume it lies on, where that is of this machine."""


class LogSource(Protocol):
    """Reads the logs of watched servers; never more than some MB of the end of the stretch that is asked for."""

    async def read(self, instance: Instance, engine: Engine, start: datetime, end: datetime, /) -> LogRead:
        """The entries between two aware moments.

        Raises `Unmeasured("no_log_source")` with the way out where the log cannot be read, and `Unreachable`.
        """

    async def nowhere(self, engine: Engine, /) -> str | None:
        """Where a log goes that nobody keeps, such as /dev/null; None where it is kept, or cannot be told."""
