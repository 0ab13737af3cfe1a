"""Looks at every registered instance at an interval, and keeps what it sees (`assistant/history.py`).

Counters and gauges each time, statements every fifth time, sizes, settings and names at a longer interval.  One look at
an instance at a time, a bounded number of instances at once, at moments spread over the interval; an instance that does
not answer is left alone for longer and longer.  Of several servers over one store, one samples an instance.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import anyio
import structlog
from msgspec import Struct

from dbmedic.assistant.history import Keeper, open_keeper
from dbmedic.assistant.instances import Instances
from dbmedic.assistant.watch import Watch
from dbmedic.checks import history_look as look
from dbmedic.checks.context import Context, Lanes
from dbmedic.core.errors import Failure, OutsideFailed
from dbmedic.core.history import Kept, StateKind
from dbmedic.core.log import micros
from dbmedic.core.ports import Now, Store, Target
from dbmedic.core.values import Caller, EngineFacts, Instance

logger = structlog.get_logger("dbmedic.sampler")

BUDGET_S = 20.0
"""Longest time of one look at an instance."""
PATIENCE_S = 1800.0
"""Longest pause for an instance that does not answer."""
LEASE_S = 300.0
REFRESH_S = 30.0
CLEAN_S = 3600.0
STATEMENTS = 5
"""Intervals between two looks at the statements."""
KNOWN = 5000
"""Names of statements that are remembered between two looks."""


class Pace(Struct, frozen=True, kw_only=True):
    """How often, and how much is kept."""

    every_s: float = 60.0
    sizes_s: float = 600.0
    days: float = 400.0
    most_bytes: int = 64 << 20
    """Of one instance."""
    at_once: int = 4


class Sampled:
    """What is remembered of one instance between two looks."""

    def __init__(self, instance: Instance, keeper: Keeper) -> None:
        self.instance, self.keeper = instance, keeper
        self.facts: EngineFacts | None = None
        self.vitals: tuple[float, look.Vitals] | None = None
        self.statements: tuple[float, dict[look.Key, look.Numbers]] | None = None
        self.names: dict[look.Key, str | None] = {}
        self.sizes_at: float | None = None
        self.failures = 0
        self.claimed_until: datetime | None = None


class Sampler:
    """Runs beside the server; `run` until it is cancelled."""

    def __init__(
        self,
        store: Store,
        instances: Instances,
        watch: Watch,
        *,
        now: Now,
        random: Callable[[], float],
        owner: str,
        pace: Pace,
    ) -> None:
        """`owner` names this process; `random` gives 0..1."""
        self._store, self._instances, self._watch = store, instances, watch
        self._now, self._random, self._owner, self._pace = now, random, owner, pace
        self._lanes = anyio.CapacityLimiter(pace.at_once)
        self._tasks: dict[tuple[str, str], tuple[str, asyncio.Task[None]]] = {}
        self._seen: dict[tuple[str, str], float] = {}

    def ages(self) -> dict[tuple[str, str], float]:
        """Account and instance -> seconds since this process last saw it whole, or since it began to try."""
        now = anyio.current_time()
        return {key: now - at for key, at in self._seen.items()}

    async def run(self) -> None:
        """Follows the list of instances and samples each."""
        cleaned = 0.0
        try:
            while True:
                try:
                    await self._follow()
                    if anyio.current_time() - cleaned > CLEAN_S:
                        cleaned = anyio.current_time()
                        await self._store.write(("sampled_clean", {}))
                except Failure as failure:
                    logger.warning("instances cannot be listed", why=str(failure))
                await anyio.sleep(min(REFRESH_S, self._pace.every_s))
        finally:
            tasks = [task for _, task in self._tasks.values()]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    async def _follow(self) -> None:
        """Starts with instances that are new, ends with those that are gone or have another URL."""
        found: dict[tuple[str, str], Instance] = {}
        for account in await self._store.read("accounts_all"):
            for instance in await self._instances.list(_caller(account["id"])):
                found[instance.account, instance.id] = instance
        for key, (url, task) in list(self._tasks.items()):
            if key not in found or found[key].url != url:
                task.cancel()
                del self._tasks[key]
                self._seen.pop(key, None)
        for key, instance in found.items():
            if key not in self._tasks:
                task = asyncio.create_task(self._forever(instance), name=f"sampler {instance.id}")
                self._tasks[key] = (instance.url, task)

    async def _forever(self, instance: Instance) -> None:
        every = self._pace.every_s
        spread = zlib.crc32(f"{instance.account}/{instance.id}".encode()) % 1000 / 1000
        await anyio.sleep(spread * min(every, 60.0))
        sampled: Sampled | None = None
        while True:
            start = anyio.current_time()
            try:
                if sampled is None:
                    sampled = await self.begin(instance)
                if await self._claimed(sampled):
                    self._seen.setdefault((instance.account, instance.id), start)
                    async with self._lanes:
                        await self.sample(sampled)
                    self._seen[instance.account, instance.id] = anyio.current_time()
                else:
                    self._seen.pop((instance.account, instance.id), None)
                pause = every
            except Exception as failure:
                failures = 1 if sampled is None else sampled.failures
                pause = min(every * 2**failures, max(PATIENCE_S, every))
                known = isinstance(failure, Failure)
                logger.info("not sampled", instance=instance.id, why=str(failure), again_s=pause, exc_info=not known)
            pause *= 0.95 + 0.1 * self._random()
            await anyio.sleep(max(0.0, start + pause - anyio.current_time()))

    async def begin(self, instance: Instance) -> Sampled:
        """An instance, with what was kept of it before."""
        keeper = await open_keeper(
            self._store,
            instance.account,
            instance.id,
            now=self._now(),
            days=self._pace.days,
            most_bytes=self._pace.most_bytes,
        )
        return Sampled(instance, keeper)

    async def sample(self, sampled: Sampled) -> None:
        """One look, as deep as is due.  Raises what the engine raises when the server cannot be asked at all."""
        try:
            with anyio.fail_after(BUDGET_S):
                await self._sample(sampled)
        except (OutsideFailed, TimeoutError):
            sampled.failures += 1
            sampled.vitals = sampled.statements = sampled.facts = None
            raise
        sampled.failures = 0

    async def _sample(self, sampled: Sampled) -> None:
        target = await self._watch.target(sampled.instance.id, _caller(sampled.instance.account))
        at = anyio.current_time()
        sizes = sampled.sizes_at is None or at - sampled.sizes_at >= 0.9 * self._pace.sizes_s
        if sampled.facts is None or sizes:
            sampled.facts = await target.engine.facts()
        context = _context(target, sampled.facts)
        await self._vitals(sampled, context)
        due = 0.9 * min(STATEMENTS * self._pace.every_s, self._pace.sizes_s)
        if sampled.statements is None or at - sampled.statements[0] >= due:
            await self._statements(sampled, context)
        if sizes:
            window = at - sampled.sizes_at if sampled.sizes_at is not None else 0.0
            sampled.sizes_at = at
            await self._sizes(sampled, context, window)

    async def _vitals(self, sampled: Sampled, context: Context) -> None:
        at = anyio.current_time()
        seen = await look.vitals(context)
        counters = look.sources(context.facts.engine).counters
        values = await look.machine(context)
        window = 0.0
        if seen is not None:
            told = None
            if sampled.vitals is not None:
                window = at - sampled.vitals[0]
                told = look.rates(sampled.vitals[1], seen, window, counters)
            values |= told if told is not None else look.gauges(seen, counters)
            sampled.vitals = (at, seen)
        if values:
            kept: dict[str, tuple[float, ...]] = {name: (value, value) for name, value in values.items()}
            await sampled.keeper.put("vitals", Kept(self._now(), window, kept))

    async def _statements(self, sampled: Sampled, context: Context) -> None:
        at = anyio.current_time()
        try:
            after = await look.statements(context)
        except OutsideFailed:  # not recorded on this server, or not for our account: the checks say so
            sampled.statements = (at, {})
            return
        before, sampled.statements = sampled.statements, (at, after)
        if before is None or (after and not before[1]):
            return
        grown = look.grown(before[1], after)
        names = await self._named(sampled, context, grown)
        values: dict[str, tuple[float, ...]] = {}
        for key, numbers in grown.items():
            if name := names.get(key):
                other = values.get(name, (0.0,) * len(numbers))
                values[name] = tuple(map(sum, zip(numbers, other, strict=True)))
        await sampled.keeper.put("statements", Kept(self._now(), at - before[0], values))

    async def _named(
        self, sampled: Sampled, context: Context, grown: dict[look.Key, look.Numbers]
    ) -> dict[look.Key, str | None]:
        """The names of these statements; None for those that are not the application's."""
        if len(sampled.names) > KNOWN:
            sampled.names = {}
        strange = [key for key in grown if key not in sampled.names]
        if strange:
            found = await look.named(context, strange)
            sampled.names |= {key: found.get(key) for key in strange}
        return sampled.names

    async def _sizes(self, sampled: Sampled, context: Context, window: float) -> None:
        values: dict[str, tuple[float, ...]] = {name: (size,) for name, size in (await look.sizes(context)).items()}
        if values:
            await sampled.keeper.put("sizes", Kept(self._now(), window, values))
        kinds: tuple[StateKind, ...] = ("server", "settings", "objects")
        for kind in kinds:
            state = await look.state(context, kind)
            if state is not None:
                before = sampled.keeper.state(kind) or {}
                if "started" in state and _same_start(before.get("started"), state["started"]):
                    state["started"] = before["started"]
                await sampled.keeper.put_state(kind, self._now(), state)

    async def _claimed(self, sampled: Sampled) -> bool:
        """Whether this process samples the instance; said anew before the claim runs out."""
        now = self._now()
        lease_s = max(LEASE_S, 3 * self._pace.every_s)
        if sampled.claimed_until is not None and (sampled.claimed_until - now).total_seconds() > lease_s / 2:
            return True
        until = micros(now) + round(lease_s * 1e6)
        fields: dict[str, Any] = {"owner": self._owner, "now": micros(now), "until": until}
        (rows,) = await self._store.write(("sampled_claim", {"watched": sampled.keeper.watched, **fields}))
        sampled.claimed_until = datetime.fromtimestamp(until / 1e6, tz=now.tzinfo) if rows else None
        return bool(rows)


def _caller(account: str) -> Caller:
    return Caller(account=account, user="sampler", key="sampler")


def _context(target: Target, facts: EngineFacts) -> Context:
    return Context(Lanes(target, facts, window_s=1.0, deadline=anyio.current_time() + BUDGET_S), 1)


def _same_start(before: str | None, now: str) -> bool:
    """Servers that tell their uptime in seconds are a minute off at most."""
    try:
        return (
            before is not None
            and abs((datetime.fromisoformat(before) - datetime.fromisoformat(now)).total_seconds()) < 90
        )
    except (ValueError, TypeError):
        return before == now
