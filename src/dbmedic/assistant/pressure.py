"""Whether the server has more to do than it can do in time: how late its event loop is, what waits, what it takes.

Halfway to the limit of the loop's being late, who has a turn running gets no second one while others ask; at the
limit nobody does.
Looked at twice a second by whoever watches the loop; a question only asks what was found.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from dbmedic.core.errors import Overloaded

logger = structlog.get_logger("dbmedic.pressure")

LATE_FOR_S: Final = 5.0
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
        self._late, self._tight = _Late(late_s), _Late(late_s / 2)
        self._most_writes, self._memory_bytes = most_writes, memory_bytes
        self._connections = int(connections * MOST_SHARE)
        self._writes, self._memory = writes, memory
        self.turns = turns
        self.connected = 0
        """Open connections; set by whoever takes them."""
        self.lacking = ""
        """What is short, and its limit; empty while all is well."""
        self.tight = ""
        """What runs short, likewise: those who have a turn running get no second one."""

    def check(self, runs: int = 0) -> None:
        """Raises `Overloaded`; `runs` is how many turns whoever asks has running."""
        if lacking := self.lacking or (self.tight if runs else ""):
            raise Overloaded(f"the server is busy: {lacking}", RETRY_S)

    def look(self, late_s: float, now: float) -> None:
        """Finds out anew; `late_s` is how late the loop was just now."""
        tight, late = self._tight.stays(late_s, now), self._late.stays(late_s, now)
        few = self.turns() < FEW
        lacking = self._late.sentence(late_s) if late and not few else self._short()
        if bool(lacking) != bool(self.lacking):
            said = "refused" if lacking else "taken again"
            logger.warning(f"new questions are {said}", why=lacking or self.lacking)
        self.lacking = lacking
        self.tight = self._tight.sentence(late_s) if tight and not few else ""

    def _short(self) -> str:
        """What is short but time."""
        if self._most_writes and (waiting := self._writes()) >= self._most_writes:
            return f"{waiting} writes wait for the store, at most {self._most_writes}"
        if self._connections and self.connected >= self._connections:
            return f"{self.connected} connections are open, questions are taken up to {self._connections}"
        if self._memory_bytes and (taken := self._memory()) >= self._memory_bytes:
            return f"it takes {taken >> 20} MiB of memory, at most {self._memory_bytes >> 20} MiB"
        return ""


class _Late:
    """A limit of the loop's being late, and since when it is passed."""

    def __init__(self, most_s: float) -> None:
        """0: no limit."""
        self._most_s = most_s
        self._since: float | None = None
        self._stayed_at = float("-inf")

    def stays(self, late_s: float, now: float) -> bool:
        """Whether the limit has been passed for `LATE_FOR_S`, or is again."""
        if not self._most_s or late_s < self._most_s:
            self._since = None
            return False
        if self._since is None:
            self._since = now - late_s
        if now - self._since < LATE_FOR_S and now - self._stayed_at >= AGAIN_S:
            return False
        self._stayed_at = now
        return True

    def sentence(self, late_s: float) -> str:
        return f"its event loop is {late_s:.1f} s late, at most {self._most_s:g} s is in time"


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
