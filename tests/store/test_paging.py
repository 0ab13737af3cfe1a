"""Lists in pages: each row once, in order, also when many have the same time."""

import json
from datetime import UTC, datetime

import pytest

from dbmedic.core.events import Answered, AnswerGrew, Entry, StopRequested
from dbmedic.store import postgres
from dbmedic.store.sqlite import open_store


@pytest.fixture(params=["memory", "postgres"])
async def store(request):
    if request.param == "postgres":
        opened = await postgres.open_store(request.getfixturevalue("store_url"))
    else:
        opened = await open_store(None)
    yield opened
    await opened.close()


def conversation(id, now, owner="user:u"):
    return "open_conversation", {
        "id": id, "account": "a", "owner": owner, "app": None, "name": id, "inputs": "{}", "api": "dify", "now": now,
    }  # fmt: skip


def turn(id, now, conversation="c", account="a"):
    return "open_turn", {
        "id": id, "conversation": conversation, "account": account, "owner": "user:u", "app": None, "run": f"r-{id}",
        "api": "dify", "parent": None, "now": now,
    }  # fmt: skip


def closed(id, status="done"):
    return "close_turn", {"id": id, "status": status, "closed_at": 99}


async def pages(store, statement, key, limit):
    after = {"after_key": None, "after_id": None}
    found = []
    while rows := await store.read(statement, owner="user:u", account="a", limit=limit, **after):
        assert len(rows) <= limit
        assert len(found) < 20, "the pages do not end"
        found.extend(row["id"] for row in rows)
        after = {"after_key": rows[-1][key], "after_id": rows[-1]["id"]}
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("by", ["updated", "created"])
async def test_each_conversation_is_on_one_page_in_both_directions(store, by, limit):
    times = {"c1": 5, "c2": 5, "c3": 5, "c4": 0, "c5": 9, "c6": 5}
    await store.write(*(conversation(id, now) for id, now in times.items()))
    await store.write(conversation("other", 5, "user:w"), conversation("gone", 5))
    await store.write(("delete_conversation", {"id": "gone", "now": 8}))
    ascending = sorted(times, key=lambda id: (times[id], id))
    assert await pages(store, f"conversations_page_{by}_asc", f"{by}_at", limit) == ascending
    assert await pages(store, f"conversations_page_{by}_desc", f"{by}_at", limit) == ascending[::-1]


async def test_a_touched_or_renamed_conversation_moves_forward_whatever_the_clock_says(store):
    await store.write(conversation("c", 1_000))
    await store.write(("touch_conversation", {"id": "c", "now": 400}))
    ((row,),) = await store.write(("rename_conversation", {"id": "c", "name": "new", "now": 400}))
    assert row == {"id": "c", "name": "new", "inputs": "{}", "api": "dify", "created_at": 1_000, "updated_at": 1_002}


async def test_a_conversation_is_found_by_its_owner_only(store):
    await store.write(conversation("c", 1))
    assert (await store.read("conversation_get", id="c", owner="user:u", account="a"))[0]["name"] == "c"
    assert await store.read("conversation_get", id="c", owner="user:w", account="a") == []
    assert await store.read("conversation_get", id="c", owner="user:u", account="b") == []
    await store.write(("delete_conversation", {"id": "c", "now": 2}))
    assert await store.read("conversation_get", id="c", owner="user:u", account="a") == []


async def test_turns_of_a_conversation_have_positions_and_rising_times(store):
    await store.write(conversation("c", 1))
    await store.write(turn("t3", 50), turn("t1", 50), turn("t2", 10), turn("t4", 60))
    opened = await store.read("turns_page_newest", conversation="c", limit=9)
    assert [(row["id"], row["position"], row["created_at"]) for row in opened] == [
        ("t4", 4, 60),
        ("t2", 3, 52),
        ("t1", 2, 51),
        ("t3", 1, 50),
    ]
    newest = await store.read("turns_page_newest", conversation="c", limit=2)
    assert [row["id"] for row in newest] == ["t4", "t2"]
    last = {"before_created": newest[-1]["created_at"], "before_id": newest[-1]["id"]}
    before = await store.read("turns_page_before", conversation="c", limit=9, **last)
    assert [row["id"] for row in before] == ["t1", "t3"]


async def test_open_turns_are_listed_and_counted_until_closed_once(store):
    await store.write(conversation("c", 1), turn("t1", 1), turn("t2", 2), turn("t3", 3), turn("t4", 4, account="b"))
    assert await store.read("running_count", account="a") == [{"running": 3}]
    assert await store.write(closed("t1"), closed("t1", "failed")) == [[{"id": "t1"}], []]
    await store.write(("close_turn", {"id": "t3", "status": "waiting", "closed_at": None}))
    assert [row["id"] for row in await store.read("open_turns")] == ["t2", "t4"]
    assert await store.read("running_count", account="a") == [{"running": 1}]
    (row,) = await store.read("turn_by_run", run="r-t1")
    assert (row["id"], row["status"], row["closed_at"]) == ("t1", "done", 99)
    assert [row["id"] for row in await store.read("last_turns_of_conversation", conversation="c", limit=5)] == ["t1"]


async def test_events_of_several_turns_come_without_the_kinds_named(store):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for id in ("t1", "t2", "t3"):
        events = [AnswerGrew(reply=1, start=0, text="a"), StopRequested(by="u"), Answered(reply=1, text="a")]
        await store.append([Entry(id, seq, at, event) for seq, event in enumerate(events, 1)])
    rows = await store.read("events_of_turns", turns=json.dumps(["t3", "t1"]), without=json.dumps(["AnswerGrew"]))
    assert [(row["turn"], row["seq"], row["kind"]) for row in rows] == [
        ("t1", 2, "StopRequested"), ("t1", 3, "Answered"), ("t3", 2, "StopRequested"), ("t3", 3, "Answered"),
    ]  # fmt: skip
    assert len(await store.read("events_of_turns", turns='["t1"]', without="[]")) == 3


async def test_events_of_the_last_turns_come_oldest_turn_first(store):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    await store.write(conversation("c", 1), conversation("d", 1), turn("other", 9, "d"))
    for now, id in enumerate(("t5", "t1", "t4", "t2"), 1):
        events = [AnswerGrew(reply=1, start=0, text="a"), StopRequested(by="u"), Answered(reply=1, text="a")]
        await store.append([Entry(id, seq, at, event) for seq, event in enumerate(events, 1)], turn(id, now))
    rows = await store.read("events_of_last_turns", conversation="c", but="t4", limit=2, without='["AnswerGrew"]')
    assert [(row["turn"], row["seq"]) for row in rows] == [("t1", 2), ("t1", 3), ("t2", 2), ("t2", 3)]
    rows = await store.read("events_of_last_turns", conversation="c", but="", limit=9, without="[]")
    assert [row["turn"] for row in rows[::3]] == ["t5", "t1", "t4", "t2"]


async def test_an_end_user_is_made_once(store):
    now = {"account": "a", "now": 1}
    await store.write(
        ("account_put_new", {"id": "a", "name": "A", "max_turns": 1, "now": 1}),
        ("app_put_new", {"id": "app", "account": "a", "name": "ops", "now": 1}),
    )
    for id in ("e1", "e2"):
        put = {"id": id, "app": "app", "text": "Zoë", **now}
        _, rows = await store.write(
            ("end_user_put", put), ("app_put_new", {"id": id, "account": "a", "name": "ops", "now": 1})
        )
        assert rows == []
    assert [row["id"] for row in await store.read("end_user_get", app="app", text="Zoë")] == ["e1"]
