"""`SHOW ENGINE INNODB STATUS`: what is behind, who is open, who waits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from dbmedic.kit.statements import normalised

_ACTIVE = re.compile(r"^---TRANSACTION (\d+), ACTIVE(?: \(PREPARED\))? (\d+) sec")
_THREAD = re.compile(r"(?:MySQL|MariaDB) thread id (\d+)")
_ROWS = re.compile(r"(\d+) row lock\(s\)(?:, undo log entries (\d+))?")
_WAITED = re.compile(r"TRX HAS BEEN WAITING (\d+)(?:\.\d+)? (?:SEC|ns)|LOCK WAIT")
_SEMAPHORE = re.compile(r"has waited at (\S+) line \d+ for ([\d.]+) seconds the semaphore")


class Transaction(Struct, kw_only=True):
    id: str
    open_s: float
    thread: str = ""
    locks: int = 0
    changed: int = 0
    waits: bool = False
    query: str = ""


class Innodb(Struct, frozen=True, kw_only=True):
    history: int | None
    hit: float | None
    """Share of page requests that the buffer pool served."""
    transactions: tuple[Transaction, ...]
    """The oldest first."""
    semaphore_s: float | None
    """Longest wait for a latch."""
    pending_reads: int


def innodb(lines: Sequence[str]) -> Innodb | None:
    """What the status says; None for another text."""
    if not any("INNODB MONITOR OUTPUT" in line for line in lines[:200]):
        return None
    found: list[Transaction] = []
    history, hit, semaphore, pending, dead = None, None, None, 0, False
    for line in lines:
        if len(line) > 8000:
            continue
        if line.startswith("LATEST DETECTED DEADLOCK"):
            dead = True
        elif line.strip() == "TRANSACTIONS":
            dead = False
        if dead:
            continue
        if one := re.match(r"History list length (\d+)", line):
            history = int(one[1])
        elif one := re.match(r"Buffer pool hit rate (\d+) / (\d+)", line):
            hit = int(one[1]) / max(1, int(one[2]))
        elif one := _SEMAPHORE.search(line):
            semaphore = max(semaphore or 0.0, float(one[2]))
        elif one := re.match(r"Pending reads\s+(\d+)", line):
            pending = int(one[1])
        elif one := _ACTIVE.match(line):
            found.append(Transaction(id=one[1], open_s=float(one[2])))
        elif found and line.startswith("---"):
            found.append(Transaction(id="", open_s=0.0))
        elif found:
            _more(found[-1], line)
    ordered = sorted((one for one in found if one.id), key=lambda one: -one.open_s)
    return Innodb(history=history, hit=hit, transactions=tuple(ordered), semaphore_s=semaphore, pending_reads=pending)


def _more(one: Transaction, line: str) -> None:
    """A line below a transaction."""
    if found := _THREAD.search(line):
        one.thread = found[1]
    if found := _ROWS.search(line):
        one.locks, one.changed = int(found[1]), int(found[2] or 0)
    if _WAITED.search(line):
        one.waits = True
    elif re.match(r"\s*(select|insert|update|delete|replace|with|alter)\b", line, re.IGNORECASE) and not one.query:
        one.query = normalised(line[:4000], "mysql")
