"""The checks of the history: on real servers with a sampler, and over canned weeks where no test can wait."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import anyio
import apsw
import pytest

from checks.proving import Heard, Host
from checks.test_history import NINE, canned
from dbmedic.checks.run import run
from dbmedic.core.events import Event
from dbmedic.core.history import Asked, Kept
from dbmedic.core.ports import Target
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from fix_history import NOW, Canned
from fix_sampler import Sampling, Volume, now, sampling
from fix_servers import Database, Server

DAY = timedelta(days=1)
EARLY = {"query-regression": {"more": "1ms", "least": 20}, "throughput-shift": {"warn_off": 1.2}}
"""A busy machine of tests scatters more than a server over weeks."""


async def heard_on(
    target: Target, checks: list[str], thresholds: Mapping[str, Mapping[str, str | float]] | None = None
) -> Heard:
    """What checks say on a target with a history."""
    result, numbers = Heard(), itertools.count(1)

    async def say(event: Event) -> None:
        result.events.append(event)

    await run(
        checks, target, call="k1", say=say, new_measure=lambda: f"m{next(numbers)}", now=now, window_s=0.5,
        thresholds=thresholds,
    )  # fmt: skip
    return result


async def asked_of(here: Sampling, check: str, asked: Asked | None = None) -> Heard:
    target = (await here.target())._replace(asked=asked)
    return await heard_on(target, [check], thresholds=EARLY)


async def test_a_changed_setting_is_found_and_its_fix_sets_it_back(postgres: Database) -> None:
    async with sampling() as here:
        sampled = await here.begin(postgres.url)
        await here.sampler.sample(sampled)
        try:
            postgres.run("alter system set work_mem = '64kB'", "select pg_reload_conf()")
            await anyio.sleep(0.2)
            said = await asked_of(here, "config-drift")
            (finding,) = said.findings
            assert finding.object == "work_mem"
            assert "4096kB" in said.sentences("en")[0]
            assert finding.fix is not None
            assert finding.fix.statement == "ALTER SYSTEM SET work_mem = '4096kB'"
            postgres.run(finding.fix.statement, "select pg_reload_conf()")
            await anyio.sleep(0.2)
            assert (await asked_of(here, "config-drift")).checked["config-drift"].level == "normal"
        finally:
            postgres.run("alter system reset work_mem", "select pg_reload_conf()")


async def test_a_changed_setting_of_mariadb_is_found(mariadb: Database) -> None:
    before = int(mariadb.run("select @@global.long_query_time * 1000")[0][0]) / 1000
    async with sampling() as here:
        sampled = await here.begin(mariadb.url)
        await here.sampler.sample(sampled)
        try:
            mariadb.run("set global max_statement_time = 77")
            said = await asked_of(here, "config-drift")
            (finding,) = said.findings
            assert finding.object == "max_statement_time"
            assert finding.fix is not None
            mariadb.run(finding.fix.statement)
            assert (await asked_of(here, "config-drift")).findings == []
        finally:
            mariadb.run("set global max_statement_time = 0", f"set global long_query_time = {before}")


async def test_a_changed_setting_of_redis_is_found(redis_server: Server) -> None:
    async with sampling() as here:
        sampled = await here.begin(redis_server.url)
        await here.sampler.sample(sampled)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(redis_server.url.rpartition(":")[2].split("/")[0])
        )
        try:
            writer.write(b"CONFIG SET maxmemory-samples 7\r\n")
            assert await reader.readline() == b"+OK\r\n"
            (finding,) = (await asked_of(here, "config-drift")).findings
            assert finding.object == "maxmemory-samples"
            assert finding.fix is not None
            writer.write(finding.fix.statement.encode() + b"\r\n")
            assert await reader.readline() == b"+OK\r\n"
            assert (await asked_of(here, "config-drift")).findings == []
        finally:
            writer.write(b"CONFIG SET maxmemory-samples 5\r\n")
            await reader.readline()
            writer.close()


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
async def test_a_statement_that_lost_its_index_is_slower_since_then(
    engine: str, request: pytest.FixtureRequest
) -> None:
    database: Database = request.getfixturevalue(engine)
    rows = "generate_series(1, 60000) n" if engine == "postgres" else "(select seq n from seq_1_to_60000) s"
    database.run(
        *(["create extension if not exists pg_stat_statements"] if engine == "postgres" else []),
        "create table orders(id int primary key, customer int, note varchar(200))",
        f"insert into orders select n, n, repeat('x', 100) from {rows}",
        "create index orders_customer on orders(customer)",
    )
    wanted = [f"select note from orders where customer = {n}" for n in range(1, 25)]
    async with sampling() as here:
        sampled = await here.begin(database.url)
        await here.sampler.sample(sampled)
        for _ in range(2):
            database.run(*wanted)
            await here.sampler.sample(sampled)
        start = now()
        assert (await asked_of(here, "query-regression", Asked(start - DAY, now()))).findings == []
        database.run("drop index orders_customer" + (" on orders" if engine == "mariadb" else ""))
        database.run(*wanted)
        await here.sampler.sample(sampled)
        said = await asked_of(here, "query-regression", Asked(start, now()))
        (finding,) = said.findings
        assert finding.object.lower().startswith("select note from orders where")
        measure = said.measures[finding.measure]
        assert measure.source == "history"
        assert measure.values["mean_s"] > 2 * measure.values["before_s"]


async def test_a_load_that_stops_is_below_the_usual(postgres: Database) -> None:
    async with sampling() as here:
        sampled = await here.begin(postgres.url)
        await here.sampler.sample(sampled)
        for _ in range(4):
            postgres.run(*["select 1"] * 300)
            await anyio.sleep(0.1)  # the server tells its counters when the session has ended
            await here.sampler.sample(sampled)
        start = now()
        await anyio.sleep(1.2)
        await here.sampler.sample(sampled)
        said = await asked_of(here, "throughput-shift", Asked(start, now()))
        (finding,) = said.findings
        values = said.measures[finding.measure].values
        assert values["now"] * 2 < values["usual"]


async def test_growth_over_days_has_a_date_and_names_the_table(postgres: Database) -> None:
    postgres.run("create table events(note text)", "create table quiet(id int)")
    async with sampling(host=Volume()) as here:
        sampled = await here.begin(postgres.url)
        for day in range(9):
            here.clock.ahead = day * DAY
            await here.sampler.sample(sampled)
            postgres.run("insert into events select repeat('x', 1000) from generate_series(1, 2000)")
        end = here.clock()
        said = await asked_of(here, "disk-forecast", Asked(end - DAY, end))
        (finding,) = said.findings
        values = said.measures[finding.measure].values
        assert finding.object == "volume /data"
        assert finding.confidence == "estimate"
        assert values["top"].startswith(f"table {postgres.name}.public.events")
        assert 20 * 86_400 < values["soonest"] < 40 * 86_400
        burst = await asked_of(here, "disk-growth-burst", Asked(end - DAY, end))
        assert burst.checked["disk-growth-burst"].level == "normal"
        # Unlogged, so that the write-ahead log does not grow as much as the table.
        postgres.run(
            "alter table events set unlogged",
            "insert into events select repeat('x', 1000) from generate_series(1, 25000)",
        )
        here.clock.ahead = 9 * DAY
        await here.sampler.sample(sampled)
        end = here.clock()
        burst = await asked_of(here, "disk-growth-burst", Asked(end - DAY, end))
        (jump,) = burst.findings
        assert burst.measures[jump.measure].values["top"] == f"table {postgres.name}.public.events"
        after = await asked_of(here, "disk-forecast", Asked(end - DAY, end))
        assert after.measures["m1"].values["burst"] > 20_000_000
        assert after.findings == [], "a jump is not carried on"


@pytest.mark.parametrize(
    "check", ["config-drift", "disk-forecast", "disk-growth-burst", "throughput-shift", "query-regression"]
)
async def test_without_history_a_check_says_so(check: str, postgres: Database) -> None:
    postgres.run("create extension if not exists pg_stat_statements")
    engine = open_engine(postgres.instance)
    try:
        for history in (None, Canned(began=None)):
            said = await heard_on(Target(postgres.instance, engine, Host(), history), [check])
            outcome = said.checked[check]
            assert (outcome.level, outcome.reason) == ("failed", "no_history")
    finally:
        await engine.close()


def days(count: int, used: float, slope: float, **more: tuple[float, ...]) -> Canned:
    """Canned: a volume of 100 GB that grew by `slope` a day."""
    samples = [
        Kept(
            NOW - (count - n) * DAY,
            86_400,
            {"used:/data": (used + n * slope,), "total:/data": (100e9,), "wal": (1e9,), "table:events": (n * slope,)},
        )
        for n in range(count)
    ]
    return Canned(fine={"sizes": samples[-2:]}, coarse={"sizes": samples})


@pytest.mark.parametrize(
    ("history", "trend", "level"),
    [
        (days(30, 40e9, 1e9), "trend", "warning"),
        (days(30, 30e9, 1.8e9), "trend", "error"),
        (days(30, 20e9, -1e8), "flat", "normal"),
        (days(2, 20e9, 1e9), "none", "normal"),
    ],
)
async def test_canned_weeks_of_a_volume(tmp_path: Path, history: Canned, trend: str, level: str) -> None:
    apsw.Connection(str(tmp_path / "shop.db")).execute("create table t(id)")
    instance = Instance(id="shop", url=f"sqlite:///{tmp_path}/shop.db")
    engine = open_engine(instance)
    try:
        target = Target(instance, engine, Host(), history, Asked(NOW - DAY, NOW))
        said = await heard_on(target, ["disk-forecast"])
        (measure,) = said.measures.values()
        assert measure.values["trend"] == trend
        assert said.checked["disk-forecast"].level == level
    finally:
        await engine.close()


async def test_a_canned_morning_regresses(postgres: Database) -> None:
    postgres.run("create extension if not exists pg_stat_statements")
    engine = open_engine(postgres.instance)
    try:
        target = Target(postgres.instance, engine, Host(), canned(), Asked(NINE, NOW))
        said = await heard_on(target, ["query-regression", "throughput-shift"])
        assert [one.object for one in said.findings] == ["select * from orders where customer_id = $1"]
        assert said.findings[0].level == "error"
        assert said.checked["throughput-shift"].level == "normal"
    finally:
        await engine.close()
