"""Slow logs, sessions, InnoDB's status, deadlocks and settings are read from the texts that servers print."""

from __future__ import annotations

import time

import pytest

from dbmedic.kit import evidence
from kit.evidence import samples


def test_a_slow_log_by_statement() -> None:
    log = evidence.slow_log(samples.SLOW_MY.splitlines())
    assert log is not None
    assert (log.engine, log.entries, log.total_s) == ("mysql", 3, 8.0)
    first, second = log.slowest
    assert (first.query, first.count, first.total_s, first.longest_s, first.examined, first.sent) == (
        "select id from orders where customer_id = ?;", 2, 6.0, 4.0, 1_800_000, 4,
    )  # fmt: skip
    assert second.lock_s == 1.9


def test_durations_in_a_log_of_postgres() -> None:
    log = evidence.slow_log(samples.SLOW_PG.splitlines())
    assert log is not None
    assert [(one.query, one.total_s) for one in log.slowest] == [
        ("select * from orders where customer_id = ?", 3.0005), ("select * from items where id = $1", 1.0005),
    ]  # fmt: skip


@pytest.mark.parametrize("text", [samples.ACTIVITY, samples.ACTIVITY_CSV])
def test_sessions_that_wait_and_the_one_that_holds(text: str) -> None:
    found = evidence.sessions(text.splitlines())
    assert found is not None
    assert [one.id for one in found.idle_in_transaction] == ["4711"]
    assert found.waiting[0].id == "4712"
    assert found.oldest is not None
    assert found.oldest.id == "4711"
    assert "5" not in found.idle_in_transaction[0].query, "no literal of a user is kept"


def test_a_list_of_processes() -> None:
    found = evidence.sessions(samples.PROCESSES.splitlines())
    assert found is not None
    assert (found.engine, found.active, [one.id for one in found.waiting]) == ("mysql", 2, ["8"])
    assert found.oldest is not None
    assert (found.oldest.id, found.oldest.since) == ("8", "901")


@pytest.mark.parametrize(
    ("text", "engine", "ids", "on", "victim"),
    [
        (samples.DEADLOCK_PG, "postgres", ["4712", "4713"], "accounts", "4712"),
        (samples.STATUS, "mysql", ["31", "32"], "shop.accounts (PRIMARY)", "32"),
    ],
)
def test_the_parties_of_a_deadlock(text: str, engine: str, ids: list[str], on: str, victim: str) -> None:
    found = evidence.deadlock(text.splitlines())
    assert found is not None
    assert (found.engine, [one.id for one in found.parties], found.victim) == (engine, ids, victim)
    assert {one.on for one in found.parties} == {on}
    assert {one.query for one in found.parties} == {"update accounts set n = ? where id = ?"}


def test_what_innodb_says_of_itself() -> None:
    found = evidence.innodb(samples.STATUS.splitlines())
    assert found is not None
    assert (found.history, found.hit) == (2_500_000, 0.9)
    assert [(one.id, one.open_s, one.thread, one.waits) for one in found.transactions] == [
        ("940", 7200.0, "40", False), ("950", 30.0, "41", True),
    ]  # fmt: skip
    assert (found.transactions[0].changed, found.transactions[0].locks) == (2500, 3000)


@pytest.mark.parametrize(
    ("text", "engine", "names"),
    [
        (samples.POSTGRES_CONF, "postgres", {"fsync", "max_connections", "work_mem", "shared_buffers", "max_wal_size",
                                             "log_min_duration_statement"}),
        (samples.MY_CNF, "mysql", {"innodb_buffer_pool_size", "innodb_flush_log_at_trx_commit", "sync_binlog",
                                   "slow_query_log", "skip_grant_tables"}),
    ],
)  # fmt: skip
def test_settings_that_are_strange(text: str, engine: str, names: set[str]) -> None:
    found = evidence.settings(text.splitlines())
    assert found is not None
    assert found.engine == engine
    assert {one.name for one in found.strange} == names


@pytest.mark.parametrize(
    "text",
    ["", "why is it slow?", "pid | state", "deadlock detected", "a = 1\nb = 2\nc = 3", "# Query_time: soon", "id,user"],
)
def test_other_texts_are_none_of_these(text: str) -> None:
    lines = text.splitlines()
    readers = (evidence.slow_log, evidence.sessions, evidence.deadlock, evidence.innodb, evidence.settings)
    assert [reader(lines) for reader in readers] == [None] * 5


@pytest.mark.parametrize(
    "text", ["a " * 240 + "\n", "# Query_time: 1.0 " * 9 + "\n", "pid|state|query\n", "*** (1) \n"]
)
def test_a_text_made_to_be_slow_is_read_soon(text: str) -> None:
    lines = (text * 5000).splitlines()
    began = time.monotonic()
    for reader in (evidence.slow_log, evidence.sessions, evidence.deadlock, evidence.innodb, evidence.settings):
        reader(lines)
    assert time.monotonic() - began < 4
