"""What a run promises whatever it runs: an end for every id, first findings soon, limits kept, own noise left out."""

from __future__ import annotations

import anyio
import pytest

from checks.proving import heard, load, sessions
from dbmedic.checks.check import catalogue
from dbmedic.core.errors import BadField, Unreachable
from dbmedic.core.events import Found
from dbmedic.core.values import Instance
from fix_servers import Database

ALL = list(catalogue())
LEFT_OPEN = ("begin", "select 'a transaction that was left open'")


async def test_the_first_finding_is_said_while_others_still_measure(postgres: Database) -> None:
    async with sessions(postgres, [LEFT_OPEN]):
        await anyio.sleep(1.2)
        limits = {"idle-in-transaction": {"warn_s": 0}}
        said = await heard(["top-queries", "idle-in-transaction"], postgres.instance, window_s=2.5, thresholds=limits)
        first = next(at for event, at in zip(said.events, said.at, strict=True) if isinstance(event, Found))
        assert first < 2
        assert said.at[-1] > 2.5


async def test_all_second_looks_share_one_wait(postgres: Database) -> None:
    sampled = ["temp-spill", "deadlock-rate", "pg-cache-hit", "wait-profile", "active-sessions", "top-queries"]
    said = await heard(sampled, postgres.instance, window_s=1.5)
    assert set(said.checked) == set(sampled)
    assert said.at[-1] < 3


async def test_every_id_ends_when_the_time_does(postgres: Database) -> None:
    said = await heard(ALL, postgres.instance, window_s=5, budget_s=1.5)
    assert sorted([*said.checked, *said.skipped]) == sorted(ALL)
    assert said.at[-1] < 3
    late = [one for one in said.checked.values() if one.level == "failed"]
    known = ("timeout", "extension_missing", "no_host_source", "no_history", "no_log_source")
    assert all(one.reason in known for one in late), [one for one in late if one.reason not in known]


async def test_an_unknown_id_is_a_mistake_of_the_asker(postgres: Database) -> None:
    with pytest.raises(BadField, match="no-such-check"):
        await heard(["no-such-check"], postgres.instance)


async def test_no_server_is_said_at_once() -> None:
    with pytest.raises(Unreachable):
        await heard(["conn-usage"], Instance(id="nowhere", url="postgresql://nobody@127.0.0.1:9/none"))


async def test_an_overloaded_server_is_spared_what_can_wait(postgres: Database) -> None:
    async with sessions(postgres, [["select pg_sleep(30)"]] * 7):
        said = await heard(["duplicate-index", "conn-usage", "top-queries"], postgres.instance)
        assert said.checked["duplicate-index"].reason == "skipped_overload"
        assert "7 sessions are active" in said.checked["duplicate-index"].sentence
        assert said.checked["conn-usage"].level == "normal"
        assert said.checked["top-queries"].level != "failed"


async def test_what_makes_no_sense_here_is_skipped_not_failed(postgres: Database) -> None:
    said = await heard(["my-history-list", "sl-freelist"], postgres.instance)
    assert set(said.skipped) == {"my-history-list", "sl-freelist"}
    assert said.checked == {}


async def test_own_statements_are_no_load(postgres: Database) -> None:
    postgres.run("create extension pg_stat_statements", "select pg_stat_statements_reset()")
    await heard(ALL, postgres.instance)
    said = await heard(ALL, postgres.instance)
    texts = [one.values["query"] for one in said.measures.values() if one.what == "top-queries"]
    assert texts == []
    assert said.measures[said.checked["active-sessions"].measures[0]].values["active"] == 0


async def test_literals_do_not_leave_a_check(postgres: Database) -> None:
    limits: dict[str, dict[str, str | float]] = {
        "idle-in-transaction": {"warn_s": 0},
        "long-transaction": {"warn_s": 0},
    }
    secret = ("begin", "select 'secret word', 4711 where 1 = 1")
    async with sessions(postgres, [secret]), load(postgres, ["select pg_sleep(0.01), 'hush'"]):
        await anyio.sleep(1.2)
        said = await heard(ALL, postgres.instance, thresholds=limits)
    assert said.findings
    spoken = repr([one.values for one in said.measures.values()]) + repr(said.findings)
    assert "secret" not in spoken
    assert "4711" not in spoken
    assert "hush" not in spoken


async def test_objects_of_another_database_are_named_with_it(postgres: Database) -> None:
    with postgres.server.database() as other:
        other.run("create table t(id int)", "insert into t select generate_series(1, 12000)", "analyze")
        said = await heard(["no-primary-key"], postgres.instance)
        assert [one.object for one in said.findings] == [f"{other.name}.public.t"]
