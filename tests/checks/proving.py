"""What the tests of the catalogue share: a known host, a run that is listened to, and faults on real servers."""

from __future__ import annotations

import contextlib
import itertools
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio
from msgspec import Struct, field

from dbmedic.checks import check as unit
from dbmedic.checks.check import Check
from dbmedic.checks.run import run
from dbmedic.core.errors import Unmeasured
from dbmedic.core.events import Checked, Event, Found, Measured, Skipped
from dbmedic.core.history import Asked
from dbmedic.core.ports import Engine, Target
from dbmedic.core.serverlog import LogSource
from dbmedic.core.values import Finding, Instance, Measure, Row
from dbmedic.engines import open_engine
from fix_servers import Database


class Host:
    """A machine with two processors, a quarter full, a third busy."""

    name = "test host"

    async def rows(self, what: str, instance: Instance, engine: Engine) -> list[Row]:
        if what == "disk":
            return [{"volume": "/data", "used": 25 * 2**30, "total": 100 * 2**30, "ratio": 0.25, "source": "host"}]
        if what == "cpu":
            return [{"ratio": 0.33, "cores": 2, "source": "host"}]
        if what == "memory":
            free = {"total": 16 * 2**30, "available": 9 * 2**30, "ratio": 0.44, "swap_in": 0.0}
            return [{**free, "source": "host"}]
        raise Unmeasured("no_host_source", f"{what} is not known here")

    async def close(self) -> None: ...


class Heard(Struct):
    """What a run said."""

    events: list[Event] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    """Seconds after the start at which each event was said."""

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def findings(self) -> list[Finding]:
        return [event.finding for event in self.of(Found)]

    @property
    def measures(self) -> dict[str, Measure]:
        return {event.measure.id: event.measure for event in self.of(Measured)}

    @property
    def checked(self) -> dict[str, Checked]:
        return {event.check: event for event in self.of(Checked)}

    @property
    def skipped(self) -> dict[str, Skipped]:
        return {event.check: event for event in self.of(Skipped)}

    def sentences(self, language: str) -> list[str]:
        checks = unit.catalogue()
        return [unit.render(checks[one.check], self.measures[one.measure], language) for one in self.findings]


async def heard(
    ids: Sequence[str],
    instance: Instance,
    *,
    window_s: float = 0.8,
    budget_s: float = 30,
    thresholds: Mapping[str, Mapping[str, str | float]] | None = None,
    checks: Mapping[str, Check] | None = None,
    logs: LogSource | None = None,
    asked: Asked | None = None,
) -> Heard:
    """Runs checks on an instance and keeps what they said."""
    result = Heard()
    numbers = itertools.count(1)
    start = anyio.current_time()

    async def say(event: Event) -> None:
        result.events.append(event)
        result.at.append(anyio.current_time() - start)

    engine = open_engine(instance)
    try:
        await run(
            ids,
            Target(instance, engine, Host(), None, asked, logs),
            call="k1",
            say=say,
            new_measure=lambda: f"m{next(numbers)}",
            now=lambda: datetime.now(UTC),
            window_s=window_s,
            budget_s=budget_s,
            thresholds=thresholds,
            checks=checks,
        )
    finally:
        await engine.close()
    return result


def matched(objects: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether these are exactly the objects that the patterns name."""
    return all(any(fnmatchcase(one, pattern) for pattern in patterns) for one in objects) and all(
        any(fnmatchcase(one, pattern) for one in objects) for pattern in patterns
    )


@contextlib.asynccontextmanager
async def sessions(database: Database, scripts: Sequence[Sequence[str]]) -> AsyncIterator[None]:
    """Connections that run their statements, one script after the other, and stay open; a last one may block."""
    async with anyio.create_task_group() as tasks:
        for script in scripts:
            started = anyio.Event()
            tasks.start_soon(_session, database, script, started)
            with anyio.move_on_after(0.15):
                await started.wait()
        yield
        tasks.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def load(database: Database, statements: Sequence[str], clients: int = 2) -> AsyncIterator[None]:
    """Clients that repeat the statements."""
    async with anyio.create_task_group() as tasks:
        for _ in range(clients if statements else 0):
            tasks.start_soon(_client, database, statements)
        if statements:
            await anyio.sleep(0.3)
        yield
        tasks.cancel_scope.cancel()


async def _session(database: Database, script: Sequence[str], started: anyio.Event) -> None:
    async with _connected(database) as execute:
        with contextlib.suppress(Exception):  # a fix ends the session; what it then says is not the question
            for statement in script:
                await execute(statement)
            started.set()
            await anyio.sleep_forever()


async def _client(database: Database, statements: Sequence[str]) -> None:
    async with _connected(database) as execute:
        while True:
            for statement in statements:
                with contextlib.suppress(Exception):  # such as an index that is being built
                    await execute(statement)
            await anyio.sleep(0)


@contextlib.asynccontextmanager
async def _connected(database: Database) -> AsyncIterator[Any]:
    if database.server.engine == "postgres":
        import psycopg

        connection = await psycopg.AsyncConnection.connect(database.url, autocommit=True, application_name="shop")
        pid = connection.info.backend_pid
        try:
            yield connection.execute
        finally:
            with anyio.CancelScope(shield=True):
                connection.pgconn.finish()
                await anyio.to_thread.run_sync(lambda: database.run(f"select pg_terminate_backend({pid})"))
        return
    if database.server.engine == "redis":
        from redis.asyncio import Redis

        client = Redis.from_url(database.url, socket_timeout=None)
        try:
            yield lambda line: client.execute_command(*shlex.split(line))
        finally:
            with anyio.CancelScope(shield=True):
                await client.aclose()
        return
    import asyncmy

    parts = urlsplit(database.url)
    other = await asyncmy.connect(
        host=parts.hostname, port=parts.port or 3306, user=unquote(parts.username or ""),
        password=unquote(parts.password or ""), database=database.name, autocommit=True,
    )  # fmt: skip

    async def execute(statement: str) -> None:
        async with other.cursor() as cursor:
            await cursor.execute(statement)

    try:
        yield execute
    finally:
        with anyio.CancelScope(shield=True), contextlib.suppress(Exception):
            await anyio.to_thread.run_sync(lambda: database.run(f"kill {other.thread_id()}"))
        with contextlib.suppress(Exception):
            other.close()
