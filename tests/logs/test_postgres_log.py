"""PostgreSQL's own log on a real server: here, through the server, and what the checks make of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import msgspec
import psycopg
import pytest

from checks.proving import heard
from dbmedic.core.errors import Unmeasured
from dbmedic.core.history import Asked
from dbmedic.core.values import Instance
from dbmedic.engines import open_engine
from dbmedic.logs import open_logs
from dbmedic.logs.postgres import there
from fix_servers import Server
from logs.told import SECRET, faults, logging_postgres, written

LOG_CHECKS = (
    "log-source", "log-crash", "log-oom", "log-disk-full", "page-corruption", "log-auth-failures", "log-error-rate",
    "log-timeouts", "log-lock-waits", "log-checkpoint-warning", "log-temp-files", "log-replication",
    "log-autovac-cancel", "log-volume", "log-settings", "deadlock-detail", "lock-wait-timeouts",
)  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with logging_postgres() as running:
        faults(running)
        assert running.folder is not None
        written(running.folder, "nobody_known")
        yield running


def watched(server: Server, **tags: str) -> Instance:
    return Instance(id="shop", url=server.url, tags=tags)


async def test_each_fault_in_the_log_is_found(server: Server) -> None:
    limits = {"log-lock-waits": {"warn": 1}, "log-temp-files": {"warn": 1000}}
    said = await heard(LOG_CHECKS, watched(server), logs=open_logs(), window_s=0.3, thresholds=limits)
    assert {name: one.sentence for name, one in said.checked.items() if one.level == "failed"} == {}
    found = {finding.check: said.measures[finding.measure] for finding in said.findings}
    assert set(found) == {
        "log-auth-failures", "log-error-rate", "log-timeouts", "log-lock-waits", "log-temp-files", "deadlock-detail",
        "lock-wait-timeouts",
    }  # fmt: skip
    assert found["log-timeouts"].values["limit_name"] == "statement_timeout"
    assert found["log-timeouts"].values["seen"] == 12
    assert found["log-timeouts"].values["query"] == "select pg_sleep(?), ?"
    assert found["log-error-rate"].values["code"] == "23505"
    assert found["log-error-rate"].values["seen"] == 60
    assert found["log-error-rate"].values["query"] == "insert into carts values (?, ?)"
    assert found["log-auth-failures"].values["failures"] == 12
    assert found["log-auth-failures"].values["user"] == "nobody_known"
    assert found["log-temp-files"].values["largest"] > 100_000
    assert SECRET not in str(said.events)


async def test_the_story_of_a_deadlock_is_told(server: Server) -> None:
    said = await heard(["deadlock-detail"], watched(server), logs=open_logs(), window_s=0.2)
    (finding,) = said.findings
    values = said.measures[finding.measure].values
    assert sorted(str(values["tables"]).split(", ")) == ["carts", "lines"]
    assert {values["first"], values["second"]} == {
        "update carts set note = ? where id = ?", "update lines set note = ? where id = ?",
    }  # fmt: skip
    assert values["victim"] in (values["first"], values["second"])
    assert abs((values["at"] - datetime.now(UTC)).total_seconds()) < 120
    (english,) = said.sentences("en")
    assert "Taking carts before lines" in english
    assert "ShareLock" in english
    (chinese,) = said.sentences("zh-CN")
    assert "先访问 carts" in chinese


async def test_a_window_before_the_deadlock_holds_none(server: Server) -> None:
    now = datetime.now(UTC)
    early = Asked(now - timedelta(hours=3), now - timedelta(hours=2))
    said = await heard(["deadlock-detail"], watched(server), logs=open_logs(), asked=early)
    assert said.findings == []
    assert said.checked["deadlock-detail"].reason == "no_log_source"


async def test_every_format_and_every_way_tell_the_same(server: Server) -> None:
    """csvlog here, the plain text by its path, and csvlog through the server."""
    now = datetime.now(UTC)
    assert server.folder is not None
    (plain,) = server.folder.rglob("log/*.log")
    engine = open_engine(watched(server))
    try:
        sources = [watched(server), watched(server, log=str(plain))]
        reads = [await open_logs().read(one, engine, now - timedelta(hours=1), now) for one in sources]
        facts = await engine.facts()
        files = await there(watched(server), engine, facts)
        size = sum(one.size for one in files)
        data = b"".join([await one.read(0, one.size) for one in files])
    finally:
        await engine.close()
    said = [[(one.severity, one.code, one.message.split(" at character")[0]) for one in read.entries] for read in reads]
    assert said[0] == said[1]
    assert ("error", "40P01", "deadlock detected") in said[0]
    assert len(data) == size
    assert b"deadlock detected" in data


async def test_a_role_without_the_grant_is_told_which_one(server: Server) -> None:
    server.run("create role watcher login password 'watcher' in role pg_monitor")
    instance = Instance(id="shop", url=server.at("postgres", user="watcher", password="watcher"))
    engine = open_engine(instance)
    try:
        facts = msgspec.structs.replace(await engine.facts(), local=False)
        with pytest.raises(Unmeasured) as refused:
            await there(instance, engine, facts)
        grant = refused.value.grant
        assert refused.value.reason == "no_log_source"
        assert grant is not None
        server.run(grant)
        files = await there(instance, engine, facts)
        assert await files[0].read(0, 4)
    finally:
        await engine.close()


async def test_no_collector_and_no_place_says_what_to_do() -> None:
    with logging_postgres(logging_collector="off") as quiet:
        said = await heard(["log-source", "log-crash"], watched(quiet), logs=open_logs())
    assert said.checked["log-crash"].reason == "no_log_source"
    assert "dbmedic instance tag shop log=" in said.checked["log-crash"].sentence
    assert said.checked["log-source"].level == "failed"


async def test_what_is_rare_is_read_out_of_a_file(server: Server, tmp_path: Path) -> None:
    """Lines as PostgreSQL writes them, with the times of an hour ago."""
    at = datetime.now(UTC) - timedelta(minutes=50)
    head = f"{at:%Y-%m-%d %H:%M:%S}.000 UTC [42] "
    lines = [
        "ERROR:  invalid page in block 7 of relation base/5/16384",
        'ERROR:  could not extend file "base/5/16385": No space left on device',
        "ERROR:  requested WAL segment 000000010000000000000003 has already been removed",
        *["LOG:  checkpoints are occurring too frequently (9 seconds apart)"] * 3,
        *["ERROR:  canceling autovacuum task", 'CONTEXT:  automatic vacuum of table "shop.public.jobs"'] * 6,
        "LOG:  server process (PID 77) was terminated by signal 11: Segmentation fault",
        f"DETAIL:  Failed process was running: update carts set note = '{SECRET}' where id = 4711",
        "LOG:  database system was not properly shut down; automatic recovery in progress",
    ]
    log = tmp_path / "postgresql.log"
    log.write_text("".join(f"{head}{line}\n" for line in lines))
    said = await heard(LOG_CHECKS, watched(server, log=str(log)), logs=open_logs(), window_s=0.2)
    found = {finding.check: finding for finding in said.findings}
    assert {name: one.level for name, one in found.items() if not one.posture} == {
        "page-corruption": "error", "log-disk-full": "error", "log-replication": "error", "log-crash": "error",
        "log-checkpoint-warning": "warning", "log-autovac-cancel": "warning",
    }  # fmt: skip
    assert found["page-corruption"].object == "base/5/16384"
    assert found["log-autovac-cancel"].object == "public.jobs"
    crash = said.measures[found["log-crash"].measure].values
    assert (crash["signal"], crash["query"]) == ("11", "update carts set note = ? where id = ?")
    assert SECRET not in str(said.events)
    assert "4711" not in str(said.events)


async def test_a_killed_session_takes_the_server_down_and_is_found(server: Server) -> None:
    with psycopg.connect(server.url) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
    assert server.folder is not None
    written(server.folder, "terminated by signal 9")
    until = anyio.current_time() + 10
    while True:
        try:
            await anyio.to_thread.run_sync(lambda: server.run("select 1"))
            break
        except psycopg.Error:
            assert anyio.current_time() < until
            await anyio.sleep(0.1)
    written(server.folder, "automatic recovery in progress")
    said = await heard(["log-crash", "log-oom"], watched(server), logs=open_logs())
    assert {one.check: one.object for one in said.findings} == {"log-crash": "server process", "log-oom": "killed"}
