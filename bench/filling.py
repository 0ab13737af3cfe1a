"""Stores with as many ended turns as one likes: the rows that a server would have left there, without the server."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from dbmedic.assistant import audit
from dbmedic.core import log
from dbmedic.core.digest import digest
from dbmedic.core.events import Answered, Entry, TurnClosed, TurnOpened
from dbmedic.core.values import Caller, Question, Usage
from dbmedic.kit.ids import NewIds
from dbmedic.store.connection import connect, migrate

BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
CALLER = Caller(account="default", user="me", key="k")
OTHERS = [Caller(account="default", user=f"user{number}", key="k") for number in range(500)]
MINE = 200
"""Conversations of whoever lists them."""
TURNS = 10
TOGETHER = 50
"""Conversations that go on at the same time."""
CHUNK = 10_000
"""Turns in one transaction."""
QUESTION = "Why is the orders page slow since this morning, and what can be done about it without a restart?"
ANSWER = "The query of the orders page reads the whole table, for no index begins with its column. " * 6
SAID = (Answered(reply=1, text=ANSWER), TurnClosed(reason="done", usage=Usage()))
COLUMNS = {
    "accounts": "id, name, max_turns, created_at",
    "conversations": "id, account, owner, app, name, inputs, api, created_at, updated_at",
    "turns": "id, conversation, account, owner, app, run, api, parent, status, position, created_at, closed_at, sealed",
    "events": "turn, seq, at, kind, body",
    "audit": "position, turn, account, rows, digest, chain, at",
}


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
