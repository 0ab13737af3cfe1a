"""What one run of checks may do on one server: look once, look twice, look often, within shared limits.

At most two statements run at once, one of them heavy, so that a stuck catalogue query leaves room to see the locks.
Looks of all checks share one window: each takes its first look when the run starts and its second a window later.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import anyio

from dbmedic.checks import sampling, shortlist
from dbmedic.checks.check import Source
from dbmedic.checks.plan import TIMEOUTS_S, newest, server
from dbmedic.core.errors import Failure, LockBlocked, OutsideFailed, Timeout, Unmeasured
from dbmedic.core.history import Asked, History
from dbmedic.core.ports import Target
from dbmedic.core.values import EngineFacts, Row

TAG = "/* dbmedic */ "
"""Opens each of our statements, so that statement statistics can tell them from the application's."""
EXTENSIONS = """select extname as name, quote_ident(nspname) as place
from pg_extension e join pg_namespace n on n.oid = e.extnamespace"""
LOOKS = 10
MAX_LOOK = 5000
MAX_DATABASES = 20


class Lanes:
    """Who may speak to the server now, and until when; one for all checks of a run."""

    def __init__(self, target: Target, facts: EngineFacts, *, window_s: float, deadline: float) -> None:
        self.target, self.facts = target, facts
        self.window_s, self.deadline = window_s, deadline
        self.all, self.heavy = anyio.CapacityLimiter(2), anyio.CapacityLimiter(1)
        self._kept: dict[str, Any] = {}
        self._locks: dict[str, anyio.Lock] = {}

    async def once(self, name: str, get: Callable[[], Awaitable[Any]]) -> Any:
        """What `get` gives, asked for once per run; its failure is repeated to whoever asks again."""
        async with self._locks.setdefault(name, anyio.Lock()):
            if name not in self._kept:
                try:
                    self._kept[name] = await get()
                except Failure as failure:
                    self._kept[name] = failure
        if isinstance(self._kept[name], Failure):
            raise self._kept[name]
        return self._kept[name]

    def again(self, name: str) -> None:
        """Whoever asks next looks anew."""
        self._kept.pop(name, None)

    def known(self, name: str) -> Any:
        """What was asked for once under this name, or its failure; None while nobody has."""
        return self._kept.get(name)

    async def cores(self) -> float | None:
        """Number of processors of the server's host, None where no source knows."""
        try:
            rows = await self.host("cpu")
        except OutsideFailed:
            return None
        return next((float(row["cores"]) for row in rows if row.get("cores")), None)

    async def host(self, what: str) -> list[Row]:
        """What the server's host says of disk, cpu or memory, asked once per run.  Raises `Unmeasured`."""
        target = self.target
        rows: list[Row] = await self.once(what, lambda: target.metrics.rows(what, target.instance, target.engine))
        return rows

    async def schema_of(self, extension: str) -> str:
        """The schema an extension of PostgreSQL lies in, quoted; empty when it is not installed."""

        async def get() -> str:
            rows = await self.target.engine.rows(TAG + EXTENSIONS)
            return next((str(row["place"]) for row in rows if row["name"] == extension), "")

        return str(await self.once(f"schema of {extension}", get))


class Context:
    """What the rows of one check are made with; a `.py` beside a check gets exactly this."""

    def __init__(self, lanes: Lanes, cost: int, source: Source | None = None, *, ahead: bool = False) -> None:
        self.lanes, self.cost, self.source = lanes, cost, source
        self.ahead = ahead
        """Does not queue with the heavy ones: what is looked at by the clock would come too late behind a catalogue."""
        self.window: float | None = None
        """Seconds between the looks, once there were two."""
        self.better = ""
        """What would make the answer better, one sentence; shown beside a result that is only heuristic."""
        self.better_grant: str | None = None

    @property
    def facts(self) -> EngineFacts:
        return self.lanes.facts

    @property
    def history(self) -> History:
        """What was kept of the instance.  Raises `Unmeasured("no_history")` where nothing is."""
        if self.lanes.target.history is None:
            raise Unmeasured("no_history", "nothing is kept of it; a running dbmedic samples registered instances")
        return self.lanes.target.history

    def asked(self, usual: timedelta) -> Asked:
        """The stretch of time that the question is about; without one the last `usual`."""
        now = datetime.now(UTC)
        return self.lanes.target.asked or Asked(now - usual, now)

    def query(self, name: str) -> str:
        """A statement of the check's own file, in the version that fits the server.  Raises `Unmeasured`."""
        queries = self.source.queries if self.source is not None else {}
        sql = newest(queries.get(name, {}), self.facts.version)
        if not sql:
            raise Unmeasured("not_in_version", f"{name} is not known of {self.facts.engine} {self.facts.version_text}")
        return sql

    async def rows(
        self, sql: str, params: dict[str, Any] | None = None, *, database: str | None = None, max_rows: int = 1000
    ) -> list[Row]:
        """The rows of one statement.  Raises as `Engine.rows`."""
        if "{pg_stat_statements}" in sql:
            schema = await self.lanes.schema_of("pg_stat_statements")
            sql = sql.replace("{pg_stat_statements}", f"{schema}.pg_stat_statements")
        sql = await shortlist.narrowed(self, sql)
        for name, meaning in server(self.facts.engine).names.items():
            sql = sql.replace("{" + name + "}", meaning)
        left = self.lanes.deadline - anyio.current_time()
        timeout_s = max(0.1, min(TIMEOUTS_S[self.cost], left))
        engine = self.lanes.target.engine
        if self.cost >= 2 and not self.ahead:
            async with self.lanes.heavy, self.lanes.all:
                return await engine.rows(TAG + sql, params, timeout_s=timeout_s, max_rows=max_rows, database=database)
        async with self.lanes.all:
            return await engine.rows(TAG + sql, params, timeout_s=timeout_s, max_rows=max_rows, database=database)

    async def everywhere(self, sql: str, *, max_rows: int = 1000, instead: str | None = None) -> list[Row]:
        """The rows of one statement in each database, largest first, with the column `database`.

        A database where it is locked out or too slow is asked `instead`; one that refuses us is passed over, which
        `better` then says, unless all do.
        """
        found: list[Row] = []
        failures: list[OutsideFailed] = []
        names = self.facts.databases[:MAX_DATABASES] or (self.facts.database,)
        for name in names:
            try:
                rows = await self._or(sql, instead, name, max_rows)
            except OutsideFailed as failure:
                failures.append(failure)
                continue
            found += [{"database": name, **row} for row in rows]
        if failures and len(failures) == len(names):
            raise failures[0]
        if failures:
            self.better = f"{len(failures)} of {len(names)} databases could not be visited: {failures[0]}"
        return found

    async def _or(self, sql: str, instead: str | None, database: str, max_rows: int) -> list[Row]:
        try:
            return await self.rows(sql, database=database, max_rows=max_rows)
        except (LockBlocked, Timeout):
            if instead is None:
                raise
            return await self.rows(instead, database=database, max_rows=max_rows)

    async def look(self, sql: str, *, each_database: bool = False) -> list[Row]:
        return await (self.everywhere(sql, max_rows=MAX_LOOK) if each_database else self.rows(sql, max_rows=MAX_LOOK))

    async def delta(
        self,
        sql: str,
        *,
        key: Sequence[str],
        counters: Sequence[str],
        reset: Sequence[str] = (),
        each_database: bool = False,
    ) -> list[Row]:
        """What `counters` grew by between two looks.  Raises `Unmeasured` when they were reset in between."""
        first, second = await self._two(sql, each_database)
        if each_database:
            key = ["database", *key]
        new: Literal["zero", "drop"] = "drop" if len(first) >= MAX_LOOK else "zero"
        grown = sampling.delta(first, second, key=key, counters=counters, reset=reset, new=new)
        if grown is None:
            raise Unmeasured("no_history", "the counters were reset while they were being measured; ask again")
        return grown

    async def twice(self, sql: str, *, key: Sequence[str], each_database: bool = False) -> list[Row]:
        """Rows that were there in two looks; without a second look when the first was empty."""
        first, second = await self._two(sql, each_database, unless_empty=True)
        return sampling.twice(first, second, key=key)

    async def many(self, sql: str, *, key: Sequence[str]) -> list[Row]:
        """Rows by key with `hits` of `samples`, from about ten looks over the window."""
        return sampling.many(await self.looks(sql), key=key)

    async def looks(self, sql: str) -> list[list[Row]]:
        """The rows of about ten looks, the last one a window after the first."""
        pause = self._span() / (LOOKS - 1)
        start = anyio.current_time()
        looks: list[list[Row]] = []
        for number in range(LOOKS):
            await anyio.sleep(max(0.0, start + number * pause - anyio.current_time()))
            looks.append(await self.rows(sql))
        self.window = anyio.current_time() - start
        return looks

    async def wait(self) -> None:
        """Until the second look is due."""
        start = anyio.current_time()
        await anyio.sleep(self._span())
        self.window = anyio.current_time() - start

    async def plan(
        self, statement: str, *, database: str | None = None, schema: str | None = None, indexes: Sequence[str] = ()
    ) -> dict[str, Any]:
        """The planner's JSON of an application's statement, which is not run; see `Engine.plan`."""
        left = max(0.1, min(TIMEOUTS_S[2], self.lanes.deadline - anyio.current_time()))
        engine = self.lanes.target.engine
        async with self.lanes.all:
            return await engine.plan(statement, database=database, schema=schema, timeout_s=left, indexes=indexes)

    async def _two(self, sql: str, each_database: bool, *, unless_empty: bool = False) -> tuple[list[Row], list[Row]]:
        start = anyio.current_time()
        first = await self.look(sql, each_database=each_database)
        if unless_empty and not first:
            return [], []
        begun = anyio.current_time()
        await anyio.sleep(self._span())
        second = await self.look(sql, each_database=each_database)
        self.window = anyio.current_time() - (start + begun) / 2
        return first, second

    def _span(self) -> float:
        """Seconds to wait for the second look: the window, or what the budget leaves of it."""
        left = self.lanes.deadline - anyio.current_time() - 1.0
        return math.floor(max(0.2, min(self.lanes.window_s, left)) * 1000) / 1000
