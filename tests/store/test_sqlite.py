"""The embedded store: what is written is read, in order, by the same rules in a file and in memory."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from dbmedic.core import log
from dbmedic.core.errors import Bug, StoreFailed
from dbmedic.core.events import AnswerGrew, Entry, Measured
from dbmedic.core.values import Measure
from dbmedic.store import postgres
from dbmedic.store.sqlite import open_store

NOW = datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["file", "memory", "postgres"])
async def store(request, tmp_path):
    if request.param == "postgres":
        opened = await postgres.open_store(request.getfixturevalue("store_url"))
    else:
        opened = await open_store(tmp_path / "store.db" if request.param == "file" else None)
    yield opened
    await opened.close()


def grew(seq, turn="t1", text="x"):
    return Entry(turn, seq, NOW + timedelta(seconds=seq), AnswerGrew(reply=1, start=seq, text=text))


def setting(name, value="v"):
    return "setting_put_new", {"name": name, "value": value}


def account(id="a", name="A"):
    return "account_put_new", {"id": id, "name": name, "max_turns": 8, "now": 1}


async def test_what_is_written_is_read(store):
    await store.write(setting("x", "1"))
    assert await store.read("setting_get", name="x") == [{"value": "1"}]
    assert await store.read("setting_get", name="y") == []


async def test_a_write_returns_the_rows_of_each_statement(store):
    put = {"id": "u1", "account": "a", "name": "eva", "now": 5}
    rows = await store.write(account(), ("user_put_new", put), ("key_revoke", {"id": "k", "account": "a", "now": 1}))
    assert rows == [[], [], []]
    key = {"id": "k", "account": "a", "user": "eva", "app": None, "kind": "app", "name": "", "hash": "h",
           "sealed": None, "rights": "[]", "instances": None, "now": 7}  # fmt: skip
    assert await store.write(("key_put", key)) == [[{"id": "k"}]]


async def test_entries_come_back_as_they_went_in(store):
    measured = Measured(
        call="c1",
        measure=Measure(
            id="m1", what="disk", instance="rm-1", object="/", source="host", at=NOW,
            values={"used": 5, "since": NOW, "who": "ä\u0000数"},
            units={"used": "bytes", "since": "time", "who": "text"},
        ),
    )  # fmt: skip
    kept = [grew(1), Entry("t1", 2, NOW, measured), grew(3)]
    await store.append(kept)
    assert log.entries(await store.read("events_of_turn", turn="t1")) == kept


async def test_entries_of_many_lengths_keep_their_order(store):
    lengths = [1, 2, 3, 63, 64, 65, 200]
    for length in lengths:
        await store.append([grew(seq, f"t{length}") for seq in range(1, length + 1)])
    for length in lengths:
        rows = await store.read("events_of_turn", turn=f"t{length}")
        assert [row["seq"] for row in rows] == list(range(1, length + 1))


async def test_an_append_and_its_writes_are_one_transaction(store):
    await store.append([grew(1)])
    with pytest.raises(Bug):
        await store.append([grew(1)], setting("x"))
    assert await store.read("setting_get", name="x") == []


async def test_a_failing_job_does_not_hurt_its_neighbours(store):
    jobs = [store.append([grew(1)], setting(f"s{n}")) if n == 3 else store.write(setting(f"s{n}")) for n in range(6)]
    await store.append([grew(1)])
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert [isinstance(outcome, Bug) for outcome in outcomes] == [n == 3 for n in range(6)]
    kept = [bool(await store.read("setting_get", name=f"s{n}")) for n in range(6)]
    assert kept == [n != 3 for n in range(6)]


async def test_a_cancelled_writer_still_writes(store):
    task = asyncio.ensure_future(store.write(setting("x")))
    await asyncio.sleep(0)
    task.cancel()
    await store.write(setting("y"))
    assert await store.read("setting_get", name="x") == [{"value": "v"}]


async def test_the_version_moves_with_keys_and_instances_and_with_nothing_else(store):
    before = await store.version()
    await store.write(setting("x"))
    await store.append([grew(1)])
    assert await store.version() == before
    await store.write(account())
    after = await store.version()
    assert after > before
    await store.write(account())
    assert await store.version() == after


async def test_a_wrong_name_or_parameter_is_our_bug(store):
    with pytest.raises(Bug, match="no statement is named nothing"):
        await store.read("nothing")
    with pytest.raises(Bug, match=r"setting_get takes \['name'\], not \['nam'\]"):
        await store.read("setting_get", nam="x")
    with pytest.raises(Bug, match="writes"):
        await store.read("setting_put_new", name="x", value="y")
    with pytest.raises(Bug, match="setting_put_new"):
        await store.write(setting("x", object()))


async def test_closing_finishes_what_was_asked_and_may_be_done_twice(tmp_path):
    store = await open_store(tmp_path / "store.db")
    tasks = [asyncio.ensure_future(store.write(setting(f"s{n}"))) for n in range(300)]
    await asyncio.sleep(0)
    await store.close()
    await store.close()
    await asyncio.gather(*tasks)
    with pytest.raises(StoreFailed, match="closed"):
        await store.read("version")
    again = await open_store(tmp_path / "store.db")
    assert await again.read("setting_get", name="s299") == [{"value": "v"}]
    assert not (tmp_path / "store.db-wal").read_bytes()
    await again.close()


async def test_two_stores_in_memory_know_nothing_of_each_other():
    one, two = await open_store(None), await open_store(None)
    await one.write(setting("x"))
    assert await two.read("setting_get", name="x") == []
    await one.close()
    await two.close()


async def test_reading_while_others_write_never_fails(store):
    async def write():
        for n in range(100):
            await store.append([grew(n + 1, "t9")], setting(f"w{n}"))

    async def read():
        for n in range(100):
            await store.read("setting_get", name=f"w{n}")
            await store.read("events_of_turn", turn="t9")
            await store.version()

    await asyncio.gather(write(), *(read() for _ in range(5)))
    assert len(await store.read("events_of_turn", turn="t9")) == 100
