"""How cost grows with what is kept: `dbmedic bench scale`, a few minutes and 2.2 kilobytes a message of disk.

The same calls over a small store and over one with a million messages in a hundred thousand conversations, one after
the other in turn; then a new turn of a conversation with 20 turns and of one with 2,000.  The model says one word, so
what is measured is dbmedic and its store.  A value is the median of how each call compares to the one beside it, for
what a commit takes jumps with whatever else the disk does.  Exit code 1 when a promise is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import uvloop

from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.turns import Limits, Turns
from dbmedic.assistant.watch import Only, Watch
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Piece, Question, Text
from dbmedic.kit.ids import NewIds
from dbmedic.metrics import open_metrics
from dbmedic.store.sqlite import Sqlite, open_store
from filling import CALLER, MINE, QUESTION, TURNS, Plan, filled, written
from reach import Line, spread, table

Call = Callable[[], Awaitable[None]]
LONG, SHORT = 2000, 20
PROMISE = 1.3
CLIENTS = 16
"""Turns at a time where processor time is measured, so that checkpoints of the store fall into it."""
BLOCK = 128


class OneWord:
    """A model that says one word."""

    name = "bench"

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:  # noqa: ARG002 - the port's shape
        yield Text("yes")

    async def close(self) -> None:
        """Nothing is open."""


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


async def took(one: Call, other: Call, times: int) -> tuple[list[float], list[float]]:
    """Seconds of each call of either, in pairs, now one first and now the other."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(times + 10):
        for which in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            await (one, other)[which]()
            if number >= 10:
                found[which].append(time.perf_counter() - began)
    return found


async def used(one: Call, other: Call, blocks: int) -> tuple[list[float], list[float]]:
    """Seconds of processor time a call, of all threads, in blocks of some at a time."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(blocks):
        for which in (0, 1) if number % 2 else (1, 0):
            began = time.process_time()
            await together((one, other)[which])
            found[which].append((time.process_time() - began) / BLOCK)
    return found


async def together(call: Call) -> None:
    left = iter(range(BLOCK))

    async def client() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


def line(what: str, pairs: tuple[list[float], list[float]]) -> Line:
    few = len(pairs[0]) // 20
    said = [spread(sorted(values)[few : -few or None], 1e3, 2) for values in pairs]
    value = median(more / less for less, more in zip(*pairs, strict=True))
    return Line(what, *said, value, most=PROMISE)


async def measured(folder: Path, messages: int, times: int) -> list[Line]:
    began = time.perf_counter()
    small = filled(folder / "small.db", MINE * TURNS)
    large = filled(folder / "large.db", messages)
    size = (folder / "large.db").stat().st_size
    print(f"{messages} messages written in {time.perf_counter() - began:.0f} s, {size >> 20} MiB", file=sys.stderr)
    short, long = written(folder / "long.db", [Plan(CALLER, SHORT), Plan(CALLER, LONG)])
    stores = [await open_store(folder / f"{name}.db") for name in ("small", "large", "long")]
    one, other, third = Place(stores[0], small), Place(stores[1], large), Place(stores[2], [])

    def old(place: Place) -> Call:
        return lambda: place.ask(random.choice(place.own))

    lines = [
        line("a list of conversations, ms", await took(one.page, other.page, times)),
        line("messages of a conversation, ms", await took(one.messages, other.messages, times)),
        line("history for a model, ms", await took(one.history, other.history, times)),
        line("a new turn, new conversation, ms", await took(one.ask, other.ask, times)),
        line("a new turn of a conversation, ms", await took(old(one), old(other), times)),
        line("the same, 16 at a time: CPU ms", await used(old(one), old(other), max(4, times // 20))),
    ]
    turn = await took(lambda: third.ask(short), lambda: third.ask(long), times)
    lines.append(line(f"turn {LONG} next to turn {SHORT}, ms", turn))
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
