"""Killed at any instant, short of room, locked: what was acknowledged is whole, the rest is said, and it goes on."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from dbmedic.core.errors import StoreFailed, StoreFull
from dbmedic.store.sqlite import open_store
from store.test_durability import CHILD

POINTS, MANY = 10, 200
WORKING = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from dbmedic.core.events import ApprovalDecided, Entry
from dbmedic.core.log import row
from dbmedic.store.sqlite import open_store

async def work(store, name):
    n = 0
    while True:
        id = f"{name}:{n}"
        ask = {"id": id, "conversation": id, "account": "a", "owner": "o", "app": None, "run": id, "api": "",
               "parent": None, "now": 1}
        talk = {**ask, "name": "", "inputs": ""}
        talk = {name: talk[name] for name in ("id", "account", "owner", "app", "name", "inputs", "api", "now")}
        asked = {"id": id, "turn": id, "call": "c", "account": "a", "instance": "i", "until": 2, "grants": "[]",
                 "body": "", "now": 1}
        opened = ("open_conversation", talk), ("open_turn", ask)
        await store.write(*opened, ("approval_put", asked), ("pause_turn", {"id": id}))
        decided = Entry(id, 1, datetime.now(UTC), ApprovalDecided(call="c", granted=True, by="k", how="person"))
        turn, seq, at, kind, body = row(decided)
        entry = {"turn": turn, "seq": seq, "at": at, "kind": kind, "body": body, "id": id}
        status = {"id": id, "status": "approved", "grants": "[]", "now": 2}
        await store.write(("turn_still_waits", {"id": id}), ("decision_put", entry), ("approval_decided", status))
        print(f'["decision", "{id}"]', flush=True)
        document = {"id": id, "dataset": "d", "batch": "b", "name": "n", "words": "", "settings": "{}", "digest": id,
                    "chars": 1, "now": 1, "details": "{}"}
        await store.write(("document_put", document))
        print(f'["document", "{id}"]', flush=True)
        await store.write(("setting_put_new", {"name": id, "value": "v"}))
        print(f'["setting", "{id}"]', flush=True)
        n += 1

async def main():
    store = await open_store(Path(sys.argv[1]))
    await store.write(("account_put_new", {"id": "a", "name": "A", "max_turns": 1, "now": 1}))
    kept = {"id": "d", "account": "a", "name": "D", "description": "", "settings": "{}", "now": 1}
    await store.write(("dataset_put_new", kept))
    await asyncio.gather(*(work(store, f"{sys.argv[2]}-{n}") for n in range(6)))

asyncio.run(main())
"""
LIMITED = """
import asyncio, resource, signal, sys
from pathlib import Path
from dbmedic.core.errors import OutsideFailed
from dbmedic.store.sqlite import open_store

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = await open_store(Path(sys.argv[1]))
    await store.write(("setting_put_new", {"name": "before", "value": "kept"}))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    kept, said = [], ""
    for n in range(200):
        try:
            await store.write(("setting_put_new", {"name": f"n{n}", "value": "x" * 20_000}))
            kept.append(n)
        except OutsideFailed as failure:
            said = f"{type(failure).__name__}: {failure}"
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.write(("setting_put_new", {"name": "after", "value": "kept"}))
    print(len(kept), said, flush=True)
    await store.close()

asyncio.run(main())
"""


async def test_nothing_acknowledged_is_lost_wherever_it_is_killed(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """One store is killed again and again; each time it grows by what the next process adds."""
    chance = random.Random(4)
    points = MANY if request.config.getoption("--long") else POINTS
    path = tmp_path / "store.db"
    for point in range(points):
        script = CHILD.replace('f"t{n}"', f'f"p{point}-t{{n}}"')
        with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            acknowledged: dict[str, int] = {}
            until = 0.0
            for line in child.stdout:
                until = until or time.monotonic() + chance.uniform(0, 0.1)
                if line.endswith("\n"):
                    turn, seq = json.loads(line)
                    acknowledged[turn] = seq
                if time.monotonic() > until:
                    child.send_signal(signal.SIGKILL)
        assert acknowledged
        store = await open_store(path)
        for turn, seq in acknowledged.items():
            rows = await store.read("events_of_turn", turn=turn)
            assert len(rows) >= seq
            assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
            assert len(rows) % 3 == 0
        await store.close()
    whole = apsw.Connection(str(path))
    assert whole.execute("pragma integrity_check").get == "ok"
    whole.close()


async def test_no_decision_document_or_setting_that_was_acknowledged_is_lost(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(9)
    path = tmp_path / "store.db"
    for point in range(MANY if request.config.getoption("--long") else 3):
        words = [sys.executable, "-c", WORKING, str(path), f"p{point}"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            acknowledged: list[tuple[str, str]] = []
            until = 0.0
            for line in child.stdout:
                until = until or time.monotonic() + chance.uniform(0, 0.1)
                if line.endswith("\n"):
                    acknowledged.append(json.loads(line))
                if time.monotonic() > until:
                    child.send_signal(signal.SIGKILL)
        assert acknowledged
        store = await open_store(path)
        for what, id in acknowledged:
            match what:
                case "decision":
                    assert [row["kind"] for row in await store.read("events_of_turn", turn=id)] == ["ApprovalDecided"]
                    assert [row["status"] for row in await store.read("approval_get", id=id)] == ["approved"]
                case "document":
                    assert [row["digest"] for row in await store.read("document_get", id=id)] == [id]
                case _:
                    assert await store.read("setting_get", name=id) == [{"value": "v"}]
        await store.close()
    whole = apsw.Connection(str(path))
    half = (
        "select count(*) from approvals a "
        "where (a.status = 'approved') <> exists (select 1 from events e where e.turn = a.turn)"
    )
    assert whole.execute(half).get == 0
    assert whole.execute("pragma integrity_check").get == "ok"
    whole.close()


async def test_no_more_room_is_said_corrupts_nothing_and_passes(tmp_path: Path) -> None:
    """The limit on the size of a file stands for a disk that is full."""
    path = tmp_path / "store.db"
    words = [sys.executable, "-c", LIMITED, str(path)]
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kept, said = done.stdout.split(" ", 1)
    assert said.startswith((StoreFull.__name__, StoreFailed.__name__)), said
    assert "store.db" in said
    store = await open_store(path)
    for name in ("before", "after", *(f"n{n}" for n in range(int(kept)))):
        assert await store.read("setting_get", name=name), name
    assert not await store.read("setting_get", name=f"n{kept}")
    await store.close()
    whole = apsw.Connection(str(path))
    assert whole.execute("pragma integrity_check").get == "ok"
    whole.close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


async def test_a_store_that_is_locked_for_a_second_loses_and_refuses_nothing(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "store.db")
    other = apsw.Connection(str(tmp_path / "store.db"))
    other.execute("begin immediate")
    writes = [
        asyncio.ensure_future(store.write(("setting_put_new", {"name": f"n{n}", "value": ""}))) for n in range(20)
    ]
    await asyncio.sleep(1)
    assert not any(write.done() for write in writes)
    other.execute("rollback")
    other.close()
    await asyncio.gather(*writes)
    assert len([n for n in range(20) if await store.read("setting_get", name=f"n{n}")]) == 20
    await store.close()
