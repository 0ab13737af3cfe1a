"""What keeping a turn costs: CPU per transaction and transactions a second, next to a raw apsw loop in the same run.

    python bench/store.py [turns]

A turn is three writes that each wait until durable, as a live one does: open (turn row, first entry), six entries
in one append, close (status, last entry).  The raw loop does the same statements on one connection without threads,
waiting or batches: one commit per write, and one commit per 64 writes.  Ratios carry from machine to machine,
absolute figures do not.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import uvloop

from dbmedic.core import log
from dbmedic.core.events import Checked, Entry
from dbmedic.store.connection import connect, fetch, migrate
from dbmedic.store.queries import queries
from dbmedic.store.sqlite import Sqlite, open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOW_US = log.micros(NOW)
EVENT = Checked(
    call="c1", check="fk-no-index", instance="rm-demo-shop", level="normal", measures=("m1",), sentence="s" * 200
)
CONVERSATION = {
    "id": "c", "account": "default", "owner": "user:u", "app": None, "name": "", "inputs": "{}", "api": "dify",
    "now": NOW_US,
}  # fmt: skip


def entries(turn: str, first: int, count: int) -> list[Entry]:
    return [Entry(turn, seq, NOW, EVENT) for seq in range(first, first + count)]


def opening(turn: str) -> tuple[str, dict[str, object]]:
    return "open_turn", {
        "id": turn, "conversation": "c", "account": "default", "owner": "user:u", "app": None, "run": turn,
        "api": "dify", "parent": None, "now": NOW_US,
    }  # fmt: skip


def closing(turn: str) -> tuple[str, dict[str, object]]:
    return "close_turn", {"id": turn, "status": "done", "closed_at": NOW_US}


async def keep_turn(store: Sqlite) -> None:
    turn = str(uuid4())
    await store.append(entries(turn, 1, 1), opening(turn))
    await store.append(entries(turn, 2, 6))
    await store.append(entries(turn, 8, 1), closing(turn))


async def through_the_store(path: Path, turns: int, clients: int) -> tuple[float, float]:
    store = await open_store(path)
    await store.write(("open_conversation", CONVERSATION))
    left = iter(range(turns))

    async def client() -> None:
        for _ in left:
            await keep_turn(store)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    await store.close()
    return cpu, wall


def raw(path: Path, turns: int, group: int) -> tuple[float, float]:
    connection = connect(str(path), wait_s=5, read_only=False)
    migrate(connection, str(path))
    named = queries("sqlite")
    columns: dict[str, list[str]] = {}
    fetch(connection, named["open_conversation"], CONVERSATION, columns)
    insert = "insert into events (turn, seq, at, kind, body) values (?, ?, ?, ?, ?)"
    cpu, wall = time.process_time(), time.perf_counter()
    written = 0
    for _ in range(turns):
        turn = str(uuid4())
        steps = [(1, 1, opening(turn)), (2, 6, None), (8, 1, closing(turn))]
        for first, count, write in steps:
            if written % group == 0:
                connection.execute("begin immediate")
            if write is not None:
                fetch(connection, named[write[0]], write[1], columns)
            connection.executemany(insert, [log.row(entry) for entry in entries(turn, first, count)])
            written += 1
            if written % group == 0:
                connection.execute("commit")
    if connection.in_transaction:
        connection.execute("commit")
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    connection.close()
    return cpu, wall


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        raw(place / "warm.db", 100, 1)
        runs = {
            "raw, 1 write a commit": raw(place / "raw1.db", turns, 1),
            "store, 1 client": uvloop.run(through_the_store(place / "store1.db", turns, 1)),
            "raw, 64 writes a commit": raw(place / "raw64.db", turns, 64),
            "store, 64 clients": uvloop.run(through_the_store(place / "store64.db", turns, 64)),
        }
    print(f"{turns} turns of 3 writes and 8 entries; CPU of the whole process")
    print(f"{'':26}{'CPU us/write':>14}{'writes/s':>12}{'CPU us/turn':>14}{'CPU to raw':>12}")
    base = 0.0
    for name, (cpu, wall) in runs.items():
        if name.startswith("raw"):
            base = cpu
        print(
            f"{name:26}{cpu / turns / 3 * 1e6:14.1f}{turns * 3 / wall:12.0f}{cpu / turns * 1e6:14.1f}{cpu / base:12.2f}"
        )


if __name__ == "__main__":
    main()
