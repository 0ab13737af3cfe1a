"""Ports that tell what passes through them: a store and the engines and write accounts of watched instances."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from dbmedic.core.errors import Failure
from dbmedic.core.events import Entry
from dbmedic.core.ports import Engine, OpenEngine, OpenWriter, Store, Writer
from dbmedic.core.values import EngineFacts, Instance, Outcome, Row
from dbmedic.kit.urls import engine_of
from dbmedic.telemetry.meters import Meters

T = TypeVar("T")
CANCELLED = "cancelled"
"""The code of what somebody ended who did not want it any more."""


class Spans(Protocol):
    """Whoever writes down single statements (`traces.py`)."""

    def begin(self, instance: Instance, engine: str, text: str, database: str) -> Any:
        """What `end` is given back; None when nobody asks for this one."""

    def end(self, span: Any, rows: int | None, fault: BaseException | None) -> None: ...


class ObservedStore:
    """A `Store` whose writes are counted, and the events in them once they are durable."""

    def __init__(self, store: Store, meters: Meters) -> None:
        self._store, self._meters = store, meters
        self.read = store.read
        self.version = store.version
        self.close = store.close
        self.digest = store.digest

    async def write(self, *writes: tuple[str, dict[str, Any]]) -> list[list[Row]]:
        return await self._timed(self._store.write(*writes))

    async def append(self, entries: Sequence[Entry], /, *writes: tuple[str, dict[str, Any]]) -> None:
        await self._timed(self._store.append(entries, *writes))
        if entries:
            self._meters.kept(entries)

    async def _timed(self, writing: Awaitable[T]) -> T:
        meters, began, outcome = self._meters, time.perf_counter(), "ok"
        meters.pending += 1
        try:
            return await writing
        except BaseException as fault:
            outcome = code_of(fault)
            raise
        finally:
            meters.pending -= 1
            meters.wrote(outcome, time.perf_counter() - began)


class _Observed:
    """Times what is sent to one instance."""

    def __init__(self, instance: Instance, meters: Meters, spans: Spans | None) -> None:
        self._instance, self._meters, self._spans = instance, meters, spans
        self._engine = engine_of(instance.url) or "unknown"

    async def _sent(self, text: str, database: str | None, sending: Awaitable[T]) -> T:
        one, spans = self._instance, self._spans
        span = spans.begin(one, self._engine, text, database or "") if spans is not None else None
        began, fault, rows = time.perf_counter(), None, None
        try:
            answer = await sending
            rows = len(answer) if isinstance(answer, list) else answer.rows if isinstance(answer, Outcome) else None
        except BaseException as raised:
            fault = raised
            raise
        finally:
            self._meters.statement(one.account, one.id, self._engine, time.perf_counter() - began)
            if fault is not None:
                self._meters.trouble(one.account, one.id, self._engine, code_of(fault))
            if spans is not None and span is not None:
                spans.end(span, rows, fault)
        return answer

    async def _known(self, asking: Awaitable[T]) -> T:
        """What an engine remembers is no statement; that it cannot be had is trouble."""
        try:
            return await asking
        except BaseException as fault:
            self._meters.trouble(self._instance.account, self._instance.id, self._engine, code_of(fault))
            raise


class ObservedEngine(_Observed):
    """An `Engine` whose statements are counted."""

    def __init__(self, engine: Engine, instance: Instance, meters: Meters, spans: Spans | None = None) -> None:
        super().__init__(instance, meters, spans)
        self._inner = engine
        self.name = engine.name

    async def facts(self) -> EngineFacts:
        return await self._known(self._inner.facts())

    async def rows(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        timeout_s: float = 5.0,
        max_rows: int = 1000,
        database: str | None = None,
    ) -> list[Row]:
        asked = self._inner.rows(sql, params, timeout_s=timeout_s, max_rows=max_rows, database=database)
        return await self._sent(sql, database, asked)

    async def plan(
        self,
        statement: str,
        /,
        *,
        database: str | None = None,
        schema: str | None = None,
        timeout_s: float = 5.0,
        indexes: Sequence[str] = (),
    ) -> dict[str, Any]:
        asked = self._inner.plan(statement, database=database, schema=schema, timeout_s=timeout_s, indexes=indexes)
        return await self._sent(f"EXPLAIN {statement}", database, asked)

    async def close(self) -> None:
        await self._inner.close()


class ObservedWriter(_Observed):
    """A `Writer` whose statement is counted."""

    def __init__(self, writer: Writer, instance: Instance, meters: Meters, spans: Spans | None = None) -> None:
        super().__init__(instance, meters, spans)
        self._inner = writer

    async def facts(self) -> tuple[str, str]:
        return await self._known(self._inner.facts())

    async def execute(self, statement: str, /, *, lock_timeout_s: float = 3.0, timeout_s: float = 600.0) -> Outcome:
        asked = self._inner.execute(statement, lock_timeout_s=lock_timeout_s, timeout_s=timeout_s)
        return await self._sent(statement, None, asked)

    async def close(self) -> None:
        await self._inner.close()


class Opening(NamedTuple):
    """How instances are opened."""

    engine: OpenEngine
    writer: OpenWriter


def observed(engine: OpenEngine, writer: OpenWriter, meters: Meters, spans: Spans | None) -> Opening:
    """The same openers; what they open tells what is sent."""
    return Opening(
        lambda instance: ObservedEngine(engine(instance), instance, meters, spans),
        lambda instance, database: ObservedWriter(writer(instance, database), instance, meters, spans),
    )


def code_of(fault: BaseException) -> str:
    """A word of a closed set for what was raised: our code, else the name of its class."""
    if isinstance(fault, Failure):
        return fault.code
    return CANCELLED if isinstance(fault, asyncio.CancelledError | GeneratorExit) else type(fault).__name__
