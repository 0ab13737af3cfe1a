"""A sampler over a real server and a store in memory, looked with by hand instead of by the clock."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from checks.proving import Host
from dbmedic.assistant.accounts import LOCAL, first_start
from dbmedic.assistant.history import StoredHistory
from dbmedic.assistant.instances import Instances
from dbmedic.assistant.sampler import Pace, Sampled, Sampler
from dbmedic.assistant.secrets import Secrets
from dbmedic.assistant.watch import Watch
from dbmedic.core.ports import Engine, MetricSource, Target
from dbmedic.core.values import Instance, Row
from dbmedic.engines import open_engine
from dbmedic.store.sqlite import Sqlite, open_store


def now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """The present, or as far ahead of it as a test has gone."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


class Volume(Host):
    """A machine with a volume of 100 MiB that holds what the watched database holds."""

    async def rows(self, what: str, instance: Instance, engine: Engine) -> list[Row]:
        if what != "disk":
            return await super().rows(what, instance, engine)
        used = (await engine.rows("select pg_database_size(current_database()) as size"))[0]["size"]
        return [{"volume": "/data", "used": used, "total": 100 << 20, "ratio": used / (100 << 20), "source": "host"}]


@dataclass
class Sampling:
    """A store, a sampler over it, and the instances that it looks at."""

    store: Sqlite
    instances: Instances
    watch: Watch
    sampler: Sampler
    clock: Clock

    async def begin(self, url: str, id: str = "under-test") -> Sampled:
        instance = await self.instances.add(id, url, LOCAL)
        return await self.sampler.begin(instance)

    async def target(self, id: str = "under-test") -> Target:
        return await self.watch.target(id, LOCAL)


@contextlib.asynccontextmanager
async def sampling(pace: Pace | None = None, host: MetricSource | None = None) -> AsyncIterator[Sampling]:
    """Everything is due at every look unless `pace` says otherwise."""
    store, clock = await open_store(None), Clock()
    secrets = Secrets(bytes(32), os.urandom)
    await first_start(store, secrets, max_turns=4, now=now, new_id=lambda: str(uuid4()))
    instances = Instances(store, secrets, now=now)
    watch = Watch(
        instances, open_engine, host or Host(), history=lambda one: StoredHistory(store, one.account, one.id, now=clock)
    )
    pace = pace or Pace(every_s=0.001, sizes_s=0.001)
    sampler = Sampler(store, instances, watch, now=clock, random=random.random, owner="here", pace=pace)
    try:
        yield Sampling(store, instances, watch, sampler, clock)
    finally:
        await watch.close()
        await store.close()
