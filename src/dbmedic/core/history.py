"""What was kept of a watched database over time, and the port through which checks and answers read it.

Three series of numbers and three states (texts that are kept when they change).  Who fills it is `assistant.sampler`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

Series: TypeAlias = Literal["vitals", "statements", "sizes"]
StateKind: TypeAlias = Literal["server", "settings", "objects"]


class Kept(Struct, frozen=True):
    """One kept sample, or several put together."""

    at: datetime
    """Its end."""
    window_s: float
    """Seconds that it stands for, up to `at`; 0 for the first one after a start."""
    values: dict[str, tuple[float, ...]]
    """vitals: name -> (mean, most); statements: statement -> (calls, exec_s, rows, read_bytes, temp_bytes) within the
    window; sizes: "table:public.orders" -> (most,)."""


class State(Struct, frozen=True):
    """How things were named or set from `at` on."""

    at: datetime
    values: dict[str, str]


class History(Protocol):
    """What was kept of one instance."""

    async def since(self) -> datetime | None:
        """When its first sample was taken; None when there is none."""

    async def kept(self, series: Series, start: datetime, end: datetime, /, *, step_s: float = 0) -> list[Kept]:
        """The samples that end after `start` and not after `end`, oldest first.

        In the finest form that reaches back to `start` and is not finer than `step_s`.
        """

    async def states(self, kind: StateKind, start: datetime, end: datetime, /) -> list[State]:
        """The state in force at `start` (where it is known), then every change up to `end`."""


class Asked(Struct, frozen=True):
    """The stretch of time that a question is about."""

    start: datetime
    end: datetime
