"""The chain over all turns that ended: it holds, and shows each way of changing what was said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from dbmedic.assistant.audit import BATCH, Audit
from dbmedic.core.events import Answered, Entry, TurnClosed, TurnOpened
from dbmedic.core.ports import Store
from dbmedic.core.values import Caller, Question, Usage
from dbmedic.store.postgres import open_store as open_postgres
from dbmedic.store.sqlite import open_store

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CALLER = Caller(account="default", user="u", key="k")


async def kept_turn(store: Store, turn: str, text: str) -> None:
    question = Question(text="why?", caller=CALLER, api="test")
    opened = TurnOpened(turn=turn, conversation=turn, run=turn, question=question, opens=True)
    events = (opened, Answered(reply=1, text=text), TurnClosed(reason="done", usage=Usage()))
    conversation = {
        "id": turn, "account": "default", "owner": CALLER.owner, "app": None, "name": "n", "inputs": "{}",
        "api": "test", "now": 1,
    }  # fmt: skip
    row = {
        "id": turn, "conversation": turn, "account": "default", "owner": CALLER.owner, "app": None, "run": turn,
        "api": "test", "parent": None, "now": 1,
    }  # fmt: skip
    await store.append(
        [Entry(turn, seq, AT, event) for seq, event in enumerate(events, 1)],
        ("open_conversation", conversation),
        ("open_turn", row),
        ("close_turn", {"id": turn, "status": "done", "closed_at": 2}),
    )


@pytest.fixture
async def sealed(tmp_path: Path) -> Path:
    """A store of five turns, sealed."""
    path = tmp_path / "store.db"
    store = await open_store(path)
    try:
        await store.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
        for turn in "abcde":
            await kept_turn(store, turn, f"answer {turn}")
        assert await Audit(store, now=lambda: AT).seal() == 5
        assert await Audit(store, now=lambda: AT).seal() == 0
    finally:
        await store.close()
    return path


async def broken(path: Path) -> list[tuple[int, str]]:
    store = await open_store(path)
    try:
        found = await Audit(store, now=lambda: AT).verify()
    finally:
        await store.close()
    return [(one.position, one.turn) for one in found.broken]


async def test_a_chain_that_nobody_touched_holds(sealed: Path) -> None:
    assert await broken(sealed) == []


@pytest.mark.parametrize(
    "tampering",
    [
        "update events set body = replace(body, 'answer c', 'answer C') where turn = 'c'",
        "update events set at = at + 1 where turn = 'c' and seq = 2",
        "delete from events where turn = 'c' and seq = 2",
        "insert into events (turn, seq, at, kind, body) select turn, 9, at, kind, body from events"
        " where turn = 'c' and seq = 2",
        "update audit set digest = 'x' where turn = 'c'",
        "update audit set chain = 'x' where turn = 'c'",
    ],
)
async def test_tampering_with_one_row_is_found(sealed: Path, tampering: str) -> None:
    connection = apsw.Connection(str(sealed))
    connection.execute(tampering)
    connection.close()
    assert (3, "c") in await broken(sealed)


@pytest.mark.parametrize("gone", ["c", "e"])
async def test_a_link_that_was_taken_away_is_found(sealed: Path, gone: str) -> None:
    connection = apsw.Connection(str(sealed))
    connection.execute("delete from audit where turn = ?", (gone,))
    connection.close()
    assert await broken(sealed)


async def test_two_processes_seal_each_turn_once(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "store.db")
    try:
        await store.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
        for turn in "abc":
            await kept_turn(store, turn, "x")
        audits = [Audit(store, now=lambda: AT) for _ in range(3)]
        await asyncio.gather(*(audit.seal() for audit in audits))
        found = await audits[0].verify()
    finally:
        await store.close()
    assert (found.links, found.rows, found.broken) == (3, 9, ())


async def test_the_export_has_every_row_and_its_link(sealed: Path) -> None:
    store = await open_store(sealed)
    try:
        lines = [row async for row in Audit(store, now=lambda: AT).export()]
    finally:
        await store.close()
    assert [("link" in line) for line in lines] == [False, False, False, True] * 5


async def test_what_was_said_here_is_sealed_without_being_read_again(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "store.db")
    try:
        await store.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
        await kept_turn(store, "a", "as it was said")
        connection = apsw.Connection(str(tmp_path / "store.db"))
        connection.execute("update events set body = replace(body, 'as it was', 'as nobody')")
        connection.close()
        audit = Audit(store, now=lambda: AT)
        assert await audit.seal() == 1
        assert [one.turn for one in (await audit.verify()).broken] == ["a"]
    finally:
        await store.close()


async def test_more_turns_than_one_batch_are_sealed_at_once_in_the_order_they_ended(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "store.db")
    try:
        await store.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
        names = [f"t{number:04d}" for number in range(BATCH * 2 + 1)]
        await asyncio.gather(*(kept_turn(store, turn, "x") for turn in reversed(names)))
        audit = Audit(store, now=lambda: AT)
        assert await audit.seal() == len(names)
        found = await audit.verify()
        sealed = [row["link"]["turn"] async for row in audit.export() if "link" in row]
    finally:
        await store.close()
    assert (found.links, found.unsealed, found.broken) == (len(names), 0, ())
    assert sealed == names


async def test_what_ended_elsewhere_a_moment_ago_is_left_to_whoever_said_it(tmp_path: Path) -> None:
    here, there = [await open_store(tmp_path / "store.db") for _ in range(2)]
    try:
        await here.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
        for store, turn in ((here, "a"), (there, "b")):
            await kept_turn(store, turn, "x")
        lately, later = (datetime.fromtimestamp(seconds, UTC) for seconds in (5, 15))
        assert await Audit(here, now=lambda: lately).seal(leave_s=10) == 1
        assert await Audit(here, now=lambda: later).seal(leave_s=10) == 1
        assert await Audit(there, now=lambda: later).seal() == 0
        found = await Audit(there, now=lambda: later).verify()
    finally:
        await here.close()
        await there.close()
    assert (found.links, found.rows, found.broken) == (2, 6, ())


async def test_two_replicas_on_postgresql_make_one_chain(store_url: str) -> None:
    stores = [await open_postgres(store_url) for _ in range(2)]
    try:
        await stores[0].write(("account_put_new", {"id": "default", "name": "default", "max_turns": 8, "now": 1}))
        for number in range(20):
            await asyncio.gather(*(kept_turn(store, f"{number}-{at}", "x") for at, store in enumerate(stores)))
        audits = [Audit(store, now=lambda: datetime.now(UTC)) for store in stores]
        for _ in range(20):
            await asyncio.gather(*(audit.seal() for audit in audits))
            found = await audits[0].verify()
            if not found.unsealed:
                break
        (counts,) = await stores[0].read("audit_counts")
    finally:
        for store in stores:
            await store.close()
    assert (found.links, found.rows, found.broken) == (40, 120, ())
    assert counts == {"links": 40, "sealed": 40, "unsealed": 0}
