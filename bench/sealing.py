"""What proof costs: the audit's chain and the record of model traffic, next to keeping the same turns without them.

    python bench/sealing.py [turns]

A turn is three appends with seven entries, one request of about four kilobytes and a reply of twenty pieces; 32 run at
a time.  CPU is told for the thread of the event loop, and for the whole process (the store's and other threads, too).
Ratios carry from machine to machine, absolute figures do not.  Exit code 1 when a promise is missed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import uvloop

from dbmedic.assistant.audit import Audit
from dbmedic.assistant.secrets import Secrets
from dbmedic.assistant.traffic import Traffic
from dbmedic.core import log
from dbmedic.core.events import Answered, Entry, Event, ModelCalled, ModelReplied, TurnClosed, TurnOpened
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Caller, Message, Piece, Question, Text, Usage
from dbmedic.store.sqlite import Sqlite, open_store
from reach import Line, table
from store import opening

CLIENTS = 32
ROUNDS = 9
"""Each is measured as often, in turn; medians are told."""
CORE_S = 1500
"""Turns that one core must seal in a second, all threads counted."""
LOOP_US = 60
"""Of the event loop's time, at most, for one turn's proof."""
CALLER = Caller(account="default", user="u", key="k")
QUESTION = Question(text="Why is the orders page slow since this morning?", caller=CALLER, api="bench")
RULES = "Look at the numbers first. Say what is wrong, since when, what it rests on and what can be done. " * 38
ANSWER = "The query of the orders page reads the whole table, for no index begins with its column. " * 2
USED = Usage(prompt_tokens=900, completion_tokens=20)
PIECES: list[Piece] = [*(Text(word) for word in (ANSWER[at : at + 9] for at in range(0, 180, 9))), USED]


class Spent(NamedTuple):
    """Seconds of the clock, of the event loop's thread, of all threads."""

    wall: float
    loop: float
    all: float

    def without(self, other: Spent) -> Spent:
        return Spent(*(more - less for more, less in zip(self, other, strict=True)))


async def spent(doing: Callable[[], Awaitable[object]]) -> Spent:
    before = time.perf_counter(), time.thread_time(), time.process_time()
    await doing()
    after = time.perf_counter(), time.thread_time(), time.process_time()
    return Spent(*(late - early for early, late in zip(before, after, strict=True)))


def said(turn: str) -> tuple[Event, ...]:
    return (
        TurnOpened(turn=turn, conversation="c", run=turn, question=QUESTION, opens=False),
        ModelCalled(reply=1, model="bench"),
        Answered(reply=1, text=ANSWER),
        Answered(reply=1, text=ANSWER),
        ModelReplied(reply=1, model="bench", usage=USED, took_s=0.5),
        Answered(reply=1, text=ANSWER),
        TurnClosed(reason="done", usage=USED),
    )


async def keep(store: Sqlite, turn: str) -> None:
    now = datetime.now(UTC)
    entries = [Entry(turn, seq, now, event) for seq, event in enumerate(said(turn), 1)]
    await store.append(entries[:1], opening(turn))
    await store.append(entries[1:4])
    closed = ("close_turn", {"id": turn, "status": "done", "closed_at": log.micros(now)})
    await store.append(entries[4:], closed)


def record(traffic: Traffic, turn: str) -> None:
    line = traffic.of(turn)
    messages = (Message(role="system", text=RULES), Message(role="user", text=QUESTION.text))
    now = datetime.now(UTC)
    request = ModelRequest(
        question=QUESTION, instances=(), history=(), events=(), messages=messages, tools=(), reply=1, now=now
    )
    line.got(line.sent("bench", request), PIECES)


async def kept(store: Sqlite, turns: int, beside: Callable[[str], None]) -> None:
    left = iter(range(turns))

    async def client() -> None:
        for number in left:
            turn = f"{time.time_ns() // 1_000_000:012x}-{number:08d}-0000-0000-000000000000"
            beside(turn)
            await keep(store, turn)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


async def sealed(audit: Audit, turns: int) -> None:
    count = 0
    while count < turns:
        count += await audit.seal()


async def measured(folder: Path, turns: int) -> list[Line]:
    store = await open_store(folder / "store.db")
    await store.write(("account_put_new", {"id": "default", "name": "default", "max_turns": 1000, "now": 1}))
    conversation = {"id": "c", "account": "default", "owner": CALLER.owner, "app": None, "name": "", "inputs": "{}"}
    await store.write(("open_conversation", {**conversation, "api": "bench", "now": 1}))
    audit = Audit(store, now=lambda: datetime.now(UTC))
    traffic = Traffic(store, Secrets(bytes(32), os.urandom), now=lambda: datetime.now(UTC))
    await kept(store, 200, lambda turn: record(traffic, turn))
    await traffic.end()
    await sealed(audit, 200)

    async def both() -> None:
        await kept(store, share, lambda turn: record(traffic, turn))
        await traffic.end()

    share = turns // ROUNDS
    plain, proof, recorded = [], [], []
    for _ in range(ROUNDS):
        plain.append(await spent(lambda: kept(store, share, lambda _: None)))
        proof.append(await spent(lambda: sealed(audit, share)))
        recorded.append((await spent(both)).without(plain[-1]))
        await sealed(audit, share)
    await store.close()
    return lines(middle(plain), middle(proof), middle(recorded), share)


def middle(rounds: Sequence[Spent]) -> Spent:
    return Spent(*(median(values) for values in zip(*rounds, strict=True)))


def lines(plain: Spent, proof: Spent, recorded: Spent, turns: int) -> list[Line]:
    found = []
    for what, cost in (("audit", proof), ("record of traffic", recorded)):
        for thread, of, base in (("event loop", cost.loop, plain.loop), ("all threads", cost.all, plain.all)):
            figures = f"{base / turns * 1e6:.1f}", f"{of / turns * 1e6:.1f}"
            found.append(Line(f"{what}, {thread}: CPU us a turn, to keeping it", *figures, of / base))
    clock = f"{turns / proof.wall:.0f}"
    found.append(Line("turns sealed a second of the clock; of a core", "", clock, turns / proof.all, least=CORE_S))
    us = (proof.loop + recorded.loop) / turns * 1e6
    found.append(Line("event loop: audit and record, us a turn", f"{plain.loop / turns * 1e6:.1f}", f"{us:.1f}", us,
                      most=LOOP_US))  # fmt: skip
    return found


def main() -> int:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    with tempfile.TemporaryDirectory(prefix="dbmedic-sealing-") as folder:
        found = uvloop.run(measured(Path(folder), turns))
    print(table(found, ours="proof", floor="keeping a turn"))
    return 0 if all(line.kept for line in found) else 1


if __name__ == "__main__":
    sys.exit(main())
