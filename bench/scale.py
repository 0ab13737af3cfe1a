"""How cost grows with what is kept: `dbmedic bench scale`, a few minutes and about a kilobyte a message of disk.

The same calls over an empty store and over one with a million messages in a hundred thousand conversations, one after
the other in turn; then a new turn of a conversation with 20 turns and of one with 2,000.  The model says one word, so
what is measured is dbmedic and its store.  Exit code 1 when a promise is missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

import uvloop

from dbmedic.assistant import audit
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.turns import Limits, Turns
from dbmedic.assistant.watch import Only, Watch
from dbmedic.core import log
from dbmedic.core.digest import digest
from dbmedic.core.events import Answered, Entry, TurnClosed, TurnOpened
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Caller, Piece, Question, Text, Usage
from dbmedic.kit.ids import NewIds
from dbmedic.metrics import open_metrics
from dbmedic.store.connection import connect, migrate
from dbmedic.store.sqlite import Sqlite, open_store
from reach import Line, spread, table

BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
CALLER = Caller(account="default", user="me", key="k")
OTHERS = [Caller(account="default", user=f"user{number}", key="k") for number in range(500)]
MINE = 200
"""Conversations of whoever lists them."""
TURNS = 10
LONG, SHORT = 2000, 20
PROMISE = 1.3
QUESTION = "Why is the orders page slow since this morning, and what can be done about it without a restart?"
TOGETHER = 50
"""Conversations that go on at the same time."""
CHUNK = 10_000
"""Turns in one transaction."""
ANSWER = "The query of the orders page reads the whole table, for no index begins with its column. " * 6
SAID = (Answered(reply=1, text=ANSWER), TurnClosed(reason="done", usage=Usage()))
COLUMNS = {
    "accounts": "id, name, max_turns, created_at",
    "conversations": "id, account, owner, app, name, inputs, api, created_at, updated_at",
    "turns": "id, conversation, account, owner, app, run, api, parent, status, position, created_at, closed_at, sealed",
    "events": "turn, seq, at, kind, body",
    "audit": "position, turn, account, rows, digest, chain, at",
}


class OneWord:
    """A model that says one word."""

    name = "bench"

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:  # noqa: ARG002 - the port's shape
        yield Text("yes")

    async def close(self) -> None:
        """Nothing is open."""


class Plan(NamedTuple):
    """A conversation that is to be written."""

    caller: Caller
    turns: int


class Filling:
    """Writes ended turns into a file, the rows that a server would have left there, many at once and without a disk
    to wait for.  Some conversations go on side by side, so that the turns of one do not lie next to each other.
    """

    def __init__(self, path: Path) -> None:
        self._connection = connect(str(path), wait_s=5, read_only=False)
        migrate(self._connection, str(path))
        for pragma in ("journal_mode = off", "synchronous = off", "cache_size = -1000000", "foreign_keys = off"):
            self._connection.execute(f"pragma {pragma}")
        self._at, self._head, self._position = BEGAN, audit.START, 0
        self._new_id = NewIds(os.urandom, lambda: log.micros(self._at) * 1000)
        self._rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in COLUMNS}
        self._rows["accounts"].append(("default", "default", 1000, 1))

    def write(self, plans: Iterable[Plan]) -> list[str]:
        """The ids of these conversations, in their order."""
        ids: list[str] = []
        going: list[tuple[str, Plan, int, list[int]]] = []
        waiting = iter(plans)
        while True:
            while len(going) < TOGETHER and (plan := next(waiting, None)) is not None:
                ids.append(self._new_id())
                going.append((ids[-1], plan, self._now(), []))
            if not going:
                break
            index = random.randrange(len(going))
            id, plan, began, done = going[index]
            done.append(self._turn(id, plan.caller, len(done) + 1))
            if len(done) == plan.turns:
                going[index] = going[-1]
                going.pop()
                self._rows["conversations"].append(
                    (id, plan.caller.account, plan.caller.owner, None, QUESTION[:20], "{}", "dify", began, done[-1])
                )
            if len(self._rows["turns"]) >= CHUNK:
                self._flush()
        self._flush()
        return ids

    def _now(self) -> int:
        return log.micros(self._at)

    def _turn(self, conversation: str, caller: Caller, position: int) -> int:
        turn, run = self._new_id(), self._new_id()
        question = Question(text=QUESTION, caller=caller, api="dify", conversation=conversation)
        opened = TurnOpened(turn=turn, conversation=conversation, run=run, question=question, opens=position == 1)
        began = self._now()
        rows = [log.row(Entry(turn, seq, self._at, event)) for seq, event in enumerate((opened, *SAID), 1)]
        self._at += timedelta(seconds=1)
        at, own = self._now(), digest(rows).hex
        self._head, self._position = audit.chained(self._head, turn, own), self._position + 1
        self._rows["events"] += rows
        self._rows["turns"].append((
            turn, conversation, caller.account, caller.owner, None, run, "dify", None, "done", position, began, at, 1,
        ))  # fmt: skip
        self._rows["audit"].append((self._position, turn, caller.account, len(rows), own, self._head, at))
        return at

    def _flush(self) -> None:
        self._connection.execute("begin")
        for name, columns in COLUMNS.items():
            marks = ", ".join("?" * len(columns.split(",")))
            sql = f"insert into {name} ({columns}) values ({marks})"
            self._connection.executemany(sql, self._rows[name])
            self._rows[name].clear()
        self._connection.execute("commit")

    def close(self) -> None:
        self._connection.execute("pragma optimize")
        self._connection.close()


class Place:
    """One store with what asks it."""

    def __init__(self, store: Sqlite, own: list[str]) -> None:
        self.store, self.own = store, own
        self.conversations = Conversations(store)
        self.turns = Turns(
            store, self.conversations, Watch(Only(), lambda _: None, open_metrics()), {"bench": OneWord()}, {},
            now=lambda: datetime.now(UTC), new_id=NewIds(os.urandom, time.time_ns), limits=Limits(1000),
        )  # fmt: skip

    async def ask(self, conversation: str | None = None) -> None:
        running = await self.turns.ask(Question(text=QUESTION, caller=CALLER, api="bench", conversation=conversation))
        await running.closed.wait()

    async def page(self) -> None:
        await self.conversations.list(CALLER)

    async def messages(self) -> None:
        await self.conversations.messages(random.choice(self.own), CALLER)

    async def history(self) -> None:
        await self.conversations.history(random.choice(self.own), but="")


async def took(calls: dict[str, Callable[[], Awaitable[None]]], times: int) -> dict[str, list[float]]:
    """Name -> seconds of each call, the calls in turn."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(times + 10):
        for name, call in calls.items():
            began = time.perf_counter()
            await call()
            if number >= 10:
                found[name].append(time.perf_counter() - began)
    return found


def filled(path: Path, messages: int) -> list[str]:
    """A file with so many messages; returns the conversations of whoever asks."""
    every = max(1, messages // TURNS // MINE)
    mine = [number % every == 0 and number < every * MINE for number in range(messages // TURNS)]
    ids = written(path, [Plan(CALLER if own else random.choice(OTHERS), TURNS) for own in mine])
    return [id for id, own in zip(ids, mine, strict=True) if own]


def written(path: Path, plans: Iterable[Plan]) -> list[str]:
    filling = Filling(path)
    ids = filling.write(plans)
    filling.close()
    return ids


async def measured(folder: Path, messages: int, times: int) -> list[Line]:
    lines = []
    began = time.perf_counter()
    small = filled(folder / "small.db", MINE * TURNS)
    large = filled(folder / "large.db", messages)
    size = (folder / "large.db").stat().st_size
    print(f"{messages} messages written in {time.perf_counter() - began:.0f} s, {size >> 20} MiB", file=sys.stderr)
    short, long = written(folder / "long.db", [Plan(CALLER, SHORT), Plan(CALLER, LONG)])
    stores = [await open_store(folder / f"{name}.db") for name in ("small", "large", "long")]
    one, other, third = Place(stores[0], small), Place(stores[1], large), Place(stores[2], [])
    for what, first, second in (
        ("a list of conversations", one.page, other.page),
        ("messages of a conversation", one.messages, other.messages),
        ("history for a model", one.history, other.history),
        ("a new turn, new conversation", one.ask, other.ask),
        (
            "a new turn of a conversation",
            lambda: one.ask(random.choice(small)),
            lambda: other.ask(random.choice(large)),
        ),
        (f"turn {LONG} next to turn {SHORT}", lambda: third.ask(short), lambda: third.ask(long)),
    ):
        found = await took({"one": first, "other": second}, times)
        value = median(found["other"]) / median(found["one"])
        said = [spread(sorted(found[name])[times // 20 : -(times // 20) or None], 1e3, 2) for name in found]
        lines.append(Line(f"{what}, ms", *said, value, most=PROMISE))
    for store in stores:
        await store.close()
    return lines


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--messages", type=int, default=1_000_000, help="in the large store [1000000]")
    asked.add_argument("--times", type=int, default=200, help="how often each call is made [200]")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="dbmedic-scale-") as folder:
        lines = uvloop.run(measured(Path(folder), options.messages, options.times))
    print(table(lines, ours="large", floor="small"))
    print(f"{options.messages} messages; {platform.machine()}, Python {platform.python_version()}")
    return 0 if all(line.kept for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
