"""Whether the server has more to do than it can do in time: how late its event loop is, what waits, what it takes.

Looked at twice a second by whoever watches the loop; a question only asks what was found.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from dbmedic.core.errors import Overloaded

logger = structlog.get_logger("dbmedic.pressure")

LATE_FOR_S: Final = 2.0
"""A burst makes the loop late, too, and is over by itself."""
AGAIN_S: Final = 10.0
"""So long after a refusal the loop's being late counts at once."""
FEW: Final = 4
"""With fewer turns than these it is not the turns that make the loop late, so refusing more would not help."""
MOST_SHARE: Final = 0.9
"""Of the memory of a container, and of the connections, that questions may bring it to."""
RETRY_S: Final = 5
STATM: Final = Path("/proc/self/statm")
CGROUPS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


class Pressure:
    """What keeps new questions out just now.  A limit of 0 is none."""

    def __init__(
        self,
        *,
        late_s: float = 0.0,
        most_writes: int = 0,
        memory_bytes: int = 0,
        connections: int = 0,
        writes: Callable[[], int] = lambda: 0,
        memory: Callable[[], int] = lambda: 0,
        turns: Callable[[], int] = lambda: FEW,
    ) -> None:
        """`writes` says how many wait for the store, `memory` what the process takes, `turns` how many run."""
        self._late_s, self._most_writes, self._memory_bytes = late_s, most_writes, memory_bytes
        self._connections = int(connections * MOST_SHARE)
        self._writes, self._memory = writes, memory
        self.turns = turns
        self.connected = 0
        """Open connections; set by whoever takes them."""
        self.lacking = ""
        """What is short, and its limit; empty while all is well."""
        self._late_since: float | None = None
        self._refused_at = float("-inf")

    def check(self) -> None:
        """Raises `Overloaded`."""
        if self.lacking:
            raise Overloaded(f"the server is busy: {self.lacking}", RETRY_S)

    def look(self, late_s: float, now: float) -> None:
        """Finds out anew; `late_s` is how late the loop was just now."""
        lacking = self._lacking(late_s, now)
        if bool(lacking) != bool(self.lacking):
            said = "refused" if lacking else "taken again"
            logger.warning(f"new questions are {said}", why=lacking or self.lacking)
        self.lacking = lacking
        if lacking:
            self._refused_at = now

    def _lacking(self, late_s: float, now: float) -> str:
        if not self._late_s or late_s < self._late_s:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now - late_s
        if self._late_since is not None and self.turns() >= FEW:
            again = now - self._refused_at < AGAIN_S
            if again or now - self._late_since >= LATE_FOR_S:
                return f"its event loop is {late_s:.1f} s late, at most {self._late_s:g} s is in time"
        if self._most_writes and (waiting := self._writes()) >= self._most_writes:
            return f"{waiting} writes wait for the store, at most {self._most_writes}"
        if self._connections and self.connected >= self._connections:
            return f"{self.connected} connections are open, questions are taken up to {self._connections}"
        if self._memory_bytes and (taken := self._memory()) >= self._memory_bytes:
            return f"it takes {taken >> 20} MiB of memory, at most {self._memory_bytes >> 20} MiB"
        return ""


def resident(page_bytes: int) -> int:
    """Memory of this process, as the kernel counts it; 0 where it does not say."""
    try:
        return int(STATM.read_bytes().split()[1]) * page_bytes
    except (OSError, IndexError, ValueError):
        return 0


def container_bytes() -> int:
    """What the container may take, times `MOST_SHARE`; 0 where there is no limit."""
    for path in CGROUPS:
        try:
            limit = int(path.read_text("ascii"))
        except (OSError, ValueError):
            continue
        return int(limit * MOST_SHARE) if limit < 1 << 50 else 0
    return 0
