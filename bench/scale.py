"""How cost grows with what is kept: `dbmedic bench scale`, a few minutes and about a kilobyte a message of disk.

The same calls over an empty store and over one with a million messages in a hundred thousand conversations, one after
the other in turn; then a new turn of a conversation with 20 turns and of one with 2,000.  The model says one word, so
what is measured is dbmedic and its store.  Exit code 1 when a promise is missed.
"""

from __future__ import annotations

import argparse
import platform
import random
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import uvloop

from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.turns import Limits, Turns
from dbmedic.assistant.watch import Only, Watch
from dbmedic.core import log
from dbmedic.core.events import Answered, Entry, TurnClosed, TurnOpened
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Caller, Piece, Question, Text, Usage
from dbmedic.metrics import open_metrics
from dbmedic.store.connection import connect, fetch, migrate
from dbmedic.store.queries import queries
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
ANSWER = "The query of the orders page reads the whole table, for no index begins with its column. " * 6


class OneWord:
    """A model that says one word."""

    name = "bench"

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:  # noqa: ARG002 - the port's shape
        yield Text("yes")

    async def close(self) -> None:
        """Nothing is open."""


class Filling:
    """Writes ended turns into a file as a server would have, without one."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(str(path), wait_s=5, read_only=False)
        migrate(self._connection, str(path))
        self._connection.execute("pragma synchronous = off")
        self._named, self._columns = queries("sqlite"), dict[str, list[str]]()
        self._at = BEGAN
        self._run("account_put_new", {"id": "default", "name": "default", "max_turns": 1000, "now": 1})

    def _run(self, name: str, fields: dict[str, object]) -> None:
        fetch(self._connection, self._named[name], fields, self._columns)

    def conversation(self, caller: Caller, turns: int) -> str:
        id = str(uuid.uuid4())
        place = {"account": caller.account, "owner": caller.owner, "app": None, "api": "dify"}
        self._connection.execute("begin")
        self._run("open_conversation", {
            **place, "id": id, "name": QUESTION[:20], "inputs": "{}", "now": log.micros(self._at),
        })  # fmt: skip
        for number in range(turns):
            self._turn(id, place, Question(text=QUESTION, caller=caller, api="dify", conversation=id), not number)
        self._connection.execute("commit")
        return id

    def _turn(self, conversation: str, place: dict[str, object], question: Question, opens: bool) -> None:
        self._at += timedelta(seconds=1)
        turn, now = str(uuid.uuid4()), log.micros(self._at)
        self._run("open_turn", {
            **place, "id": turn, "conversation": conversation, "run": turn, "parent": None, "now": now,
        })  # fmt: skip
        events = (
            TurnOpened(turn=turn, conversation=conversation, run=turn, question=question, opens=opens),
            Answered(reply=1, text=ANSWER),
            TurnClosed(reason="done", usage=Usage()),
        )
        rows = [log.row(Entry(turn, seq, self._at, event)) for seq, event in enumerate(events, 1)]
        self._connection.executemany("insert into events (turn, seq, at, kind, body) values (?, ?, ?, ?, ?)", rows)
        self._run("close_turn", {"id": turn, "status": "done", "closed_at": now})

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
            now=lambda: datetime.now(UTC), new_id=lambda: str(uuid.uuid4()), limits=Limits(1000),
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
    filling = Filling(path)
    every = max(1, messages // TURNS // MINE)
    own: list[str] = []
    for number in range(messages // TURNS):
        mine = number % every == 0 and len(own) < MINE
        id = filling.conversation(CALLER if mine else random.choice(OTHERS), TURNS)
        own += [id] if mine else []
    filling.close()
    return own


async def measured(folder: Path, messages: int, times: int) -> list[Line]:
    lines = []
    began = time.perf_counter()
    small = filled(folder / "small.db", MINE * TURNS)
    large = filled(folder / "large.db", messages)
    size = (folder / "large.db").stat().st_size
    print(f"{messages} messages written in {time.perf_counter() - began:.0f} s, {size >> 20} MiB", file=sys.stderr)
    filling = Filling(folder / "long.db")
    short, long = filling.conversation(CALLER, SHORT), filling.conversation(CALLER, LONG)
    filling.close()
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
