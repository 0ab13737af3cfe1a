"""How often a key, and each of its users, may ask: so many questions a minute, as many of them at once as one likes.

A bucket is one number: the time at which it will be full again.  With a bus it is one for all replicas; while the bus
is away each replica keeps its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import structlog

from dbmedic.assistant.accounts import DEFAULT
from dbmedic.core.errors import BadField, BusFailed, NotFound, TooOften
from dbmedic.core.load import MOST_RATE
from dbmedic.core.ports import Bus, Store
from dbmedic.core.values import Caller

logger = structlog.get_logger("dbmedic.rates")

MINUTE_S: Final = 60.0
MOST_BUCKETS: Final = 50_000
"""Then those that are full are forgotten, and if that is not enough all of them."""
PREFIX: Final = "rate:"


class Allowance(NamedTuple):
    """What is left of the bucket that has the least."""

    limit: int
    remaining: int
    reset_s: float
    """Until it is full again."""


class Rates:
    """All limits of all keys."""

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], float],
        key_rate: int = 0,
        user_rate: int = 0,
        bus: Bus | None = None,
    ) -> None:
        """`now` is in seconds and never goes back.  `key_rate` is for keys that have no limit of their own."""
        self._store, self._now, self._bus = store, now, bus
        self._key_rate, self._user_rate = key_rate, user_rate
        self._own: dict[str, int] = {}
        self._full_at: dict[str, float] = {}
        self._version = -1

    # -- the limits of single keys ----------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Reads them again if somebody may have changed them; costs nothing while nobody did."""
        if (version := await self._store.version()) != self._version:
            self._own = await self.own()
            self._version = version

    async def own(self) -> dict[str, int]:
        """Key -> questions a minute, for those that have a limit of their own; 0 is none."""
        rows = await self._store.read("key_rates")
        return {row["name"].removeprefix(PREFIX): int(row["value"]) for row in rows}

    async def set(self, key: str, rate: int | None, account: str = DEFAULT) -> None:
        """The questions a minute of a key; None: as the setting says.  Raises `NotFound("key")` and `BadField`."""
        if rate is not None and not 0 <= rate <= MOST_RATE:
            raise BadField("questions", f"questions: a number from 0 (no limit) to {MOST_RATE}")
        name = PREFIX + key
        change: tuple[str, dict[str, Any]] = ("key_rate_drop", {"name": name})
        if rate is not None:
            change = ("key_rate_put", {"name": name, "value": str(rate)})
        (touched,) = await self._store.write(("key_touch", {"id": key, "account": account}))
        if not touched:
            raise NotFound("key", key)
        # Touched last again: whoever reads the limits between the two must read them once more.
        await self._store.write(change, ("key_touch", {"id": key, "account": account}))

    # -- a question -------------------------------------------------------------------------------------------------

    def limited(self, caller: Caller) -> bool:
        """Whether there is anything to ask for."""
        return bool(self._user_rate and caller.app is not None) or bool(self._own.get(caller.key, self._key_rate))

    async def take(self, caller: Caller) -> None:
        """Raises `TooOften`."""
        names, rates = self._buckets(caller)
        now, full_at = self._now(), self._full_at
        taken, left_s = None, [0.0]
        if self._bus is not None:
            try:
                taken, left_s = await self._bus.pace(names, rates)
            except BusFailed as failure:
                logger.warning("limits kept by this server alone", error=str(failure))
        if taken is None:
            taken, left_s = paced([full_at.get(name, now) - now for name in names], rates)
        for name, left in zip(names, left_s, strict=True):
            full_at[name] = now + left
        if len(full_at) > MOST_BUCKETS:
            self._full_at = {name: at for name, at in self._full_at.items() if at > now}
            if len(self._full_at) > MOST_BUCKETS:
                self._full_at.clear()
        if not taken:
            found = [(wait(left, rate), name, rate) for left, name, rate in zip(left_s, names, rates, strict=True)]
            wait_s, name, rate = max(found)
            what = f"key {name}" if name == caller.key else f"user {(caller.end_user or '')[:80]}"
            raise TooOften(what, rate, max(1, math.ceil(wait_s)))

    def allowance(self, caller: Caller) -> Allowance | None:
        """What a caller may still ask; None where nothing limits it."""
        now, found = self._now(), []
        for name, rate in zip(*self._buckets(caller), strict=True):
            left_s = max(0.0, self._full_at.get(name, now) - now)
            remaining = max(0, int((MINUTE_S - left_s) * rate / MINUTE_S + 1e-6))
            found.append((remaining, Allowance(rate, remaining, left_s)))
        return min(found)[1] if found else None

    def _buckets(self, caller: Caller) -> tuple[list[str], list[int]]:
        """Names and rates of those that a question must pass."""
        names, rates = [], []
        if rate := self._own.get(caller.key, self._key_rate):
            names.append(caller.key)
            rates.append(rate)
        if self._user_rate and caller.app is not None:
            names.append(f"{caller.key}:{caller.end_user}")
            rates.append(self._user_rate)
        return names, rates


def wait(left_s: float, rate: int) -> float:
    """How long until a bucket that will be full in so many seconds has one question."""
    return max(0.0, left_s - (MINUTE_S - MINUTE_S / rate))


def paced(left_s: list[float], rates: list[int]) -> tuple[bool, list[float]]:
    """Takes one question from each bucket if each has one; buckets are told by the seconds until they are full."""
    before = [left if left > 0 else 0.0 for left in left_s]
    for left, rate in zip(before, rates, strict=True):
        if wait(left, rate) > 1e-9:
            return False, before
    return True, [left + MINUTE_S / rate for left, rate in zip(before, rates, strict=True)]
