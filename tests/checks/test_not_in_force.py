"""Settings that are written and not in force, and storage whose waits the server does not time."""

from __future__ import annotations

from dataclasses import replace

import anyio

from checks.proving import heard, sessions
from fix_servers import Database

UNTIMED = """do $$ begin
  execute format('alter database %I set track_io_timing = off', current_database());
end $$"""


async def test_a_line_that_no_start_will_take_is_an_error(postgres: Database) -> None:
    folder = postgres.server.folder
    assert folder is not None
    file = folder / "data" / "postgresql.conf"
    before = file.read_text("utf-8")
    file.write_text(f"{before}\nno_such_setting = 1\nmax_wal_senders = many\n", "utf-8")
    try:
        said = await heard(["pending-restart"], postgres.instance)
    finally:
        file.write_text(before, "utf-8")
    assert {(one.object, one.level) for one in said.findings} >= {("no_such_setting", "error")}
    assert "cannot be applied" in said.sentences("en")[0]
    assert (await heard(["pending-restart"], postgres.instance)).findings == []


async def test_an_account_that_may_not_read_the_file_hears_what_it_missed(postgres: Database) -> None:
    postgres.run("create role watcher login password 'watcher' in role pg_monitor")
    try:
        said = (await heard(["pending-restart"], postgres.as_role("watcher", "watcher"))).checked["pending-restart"]
    finally:
        postgres.run("drop role watcher")
    assert said.level == "normal"
    assert "were not checked" in said.sentence
    assert (said.grant or "").startswith("GRANT SELECT ON pg_file_settings TO watcher")


async def test_without_timing_the_waiting_sessions_stand_for_the_storage(postgres: Database) -> None:
    postgres.run(UNTIMED)
    said = await heard(["io-latency"], postgres.instance)
    assert [one.object for one in said.measures.values()] == ["waits"]
    assert said.checked["io-latency"].level == "normal"
    assert "track_io_timing" in (said.checked["io-latency"].grant or "")


async def test_the_clocks_of_one_machine_agree(postgres: Database, mariadb: Database) -> None:
    for instance in (postgres.instance, mariadb.instance):
        said = await heard(["clock-skew"], instance)
        assert said.checked["clock-skew"].level == "normal"
        assert next(iter(said.measures.values())).values["skew"] < 1


async def test_a_role_with_more_memory_of_its_own_counts_with_it(postgres: Database) -> None:
    postgres.run("create role greedy login password 'greedy'", "alter role greedy set work_mem = '6GB'")
    theirs = replace(postgres.server, url=postgres.server.at("postgres", user="greedy", password="greedy"))
    try:
        async with sessions(Database(theirs, postgres.name), [["select pg_sleep(20)"]]):
            await anyio.sleep(0.2)
            said = await heard(["pg-memory-budget"], postgres.instance)
    finally:
        postgres.run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'greedy'")
        postgres.run("drop role greedy")
    assert [one.object for one in said.findings] == ["work_mem"]
    assert next(iter(said.measures.values())).values["work_mem"] == 6 * 2**30
