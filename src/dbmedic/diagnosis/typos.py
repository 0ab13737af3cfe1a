"""Slips of the finger in the words that matter: "databse", "conections", "slwo", "sloooow".

Pure.  Only words of the table are repaired to, by one letter more, less, other or two swapped; names with digits, dots
or underscores are left alone, and so are short words, which are too near to others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

_WORDS: Final = (
    "anything", "application", "autovacuum", "available", "backup", "backups", "bloated", "blocked",
    "blocking", "bottleneck", "capacity", "checkout", "checkpoint", "checkpoints", "configuration",
    "connect", "connected", "connection", "connections", "crash", "crashed", "customers", "database",
    "databases", "deadlock", "deadlocks", "duplicate", "error", "errors", "everything", "expensive",
    "failover", "frozen", "hanging", "hangs", "index", "indexes", "instance", "latency", "locked", "mariadb",
    "memory", "mysql", "nobody", "orders", "overflow", "parameters", "partition", "password", "performance",
    "permission", "permissions", "postgres", "postgresql", "primary", "privileges", "problem", "problems",
    "processor", "queries", "query", "replica", "replicas", "replication", "response", "restart",
    "restarted", "security", "sequence", "server", "slower", "slowly", "sluggish", "someone", "something",
    "standby", "statement", "statements", "storage", "table", "tables", "temporary", "throughput", "timeout",
    "timeouts", "transaction", "transactions", "unresponsive", "vacuum", "version", "wraparound",
)  # fmt: skip
_SHORT: Final = ("slow", "disk", "lock", "hang", "down", "full")
_TRUE: Final = frozenset((
    "indexers", "throughout", "extensive", "privileged", "parameter", "performances", "configurations", "sequencer",
    "hanning",
    "applications", "backed", "banging", "bangs", "blacked", "blocker", "blockers", "blocks", "blower",
    "bottlenecks", "cable", "cables", "capacities", "cash", "cashed", "changes", "changing", "checkpointer",
    "clash", "clocked", "connector", "connectors", "connects", "constant", "crashes", "crashing", "crush",
    "customer", "docked", "duplicated", "duplicates", "errored", "fable", "flocked", "flower", "gangs",
    "glower", "hands", "hangar", "hanged", "inde", "indeks", "indexed", "indexer", "indices", "instances",
    "instant", "instead", "koneksi", "kueri", "lacked", "latencies", "linked", "locker", "lockers", "logged",
    "looked", "lower", "memori", "memories", "mocked", "order", "ordered", "overflows", "parametres",
    "partitioned", "partitions", "passwords", "perform", "performant", "person", "primarily", "privilege",
    "problematic", "processors", "queried", "querying", "replicate", "replicated", "replicates", "replika",
    "responses", "responsive", "restarting", "restarts", "rocked", "securely", "sequences", "serve",
    "served", "servers", "serves", "serveur", "serviced", "sever", "severe", "shower", "slowed", "stable",
    "stables", "storages", "tabel", "tabelle", "tablet", "tale", "terror", "timed", "transactional", "trash",
    "versi", "versions", "verso",
))  # fmt: skip
"""Right as they are, or another language's."""
_WORD: Final = re.compile(r"(?<![a-z0-9_.@/-])[a-z]{4,16}(?![a-z0-9_@/-]|\.[a-z0-9])")
_DRAWN: Final = re.compile(r"(?<![a-z0-9_.-])([a-z]+?)([a-z])\2{2,}([a-z]*)(?![a-z0-9_.-])")


def repaired(said: str) -> str:
    """A plain text with its slips repaired."""
    drawn = _DRAWN.sub(_undrawn, said)
    return _WORD.sub(lambda match: _near(match[0]), drawn)


def _undrawn(match: re.Match[str]) -> str:
    """ "Sloooow" and "fullll": a letter held down is there once, or twice where that makes a known word."""
    once, twice = (f"{match[1]}{match[2] * times}{match[3]}" for times in (1, 2))
    return twice if twice in _known() else once


@cache
def _known() -> frozenset[str]:
    return frozenset((*_WORDS, *_SHORT, *_TRUE))


@cache
def _by_slip() -> dict[str, str]:
    """What is left of each word when a letter is left out -> the word."""
    return {left: word for word in _WORDS for left in (word, *_less(word))}


@cache
def _swapped() -> dict[str, str]:
    """The short words with two letters swapped -> the word."""
    return {
        f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}": word for word in _SHORT for at in range(len(word) - 1)
    }


def _less(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(1, len(word)))


def _near(word: str) -> str:
    """The word of the table that is one slip away; the word itself where none is, or it is a right one."""
    if word in _known():
        return word
    by_slip = _by_slip()
    if len(word) == 4:
        return _swapped().get(word, word)
    for left in (word, *_less(word)):
        meant = by_slip.get(left)
        if meant is not None and _slipped(word, meant) and _like(word, meant):
            return meant
    return word


def _slipped(word: str, meant: str) -> bool:
    """Whether one letter more, less or other, or two neighbours swapped, make the one of the other."""
    at = next((at for at, (one, other) in enumerate(zip(word, meant, strict=False)) if one != other), None)
    if at is None:
        return abs(len(word) - len(meant)) == 1
    one, other = word[at:], meant[at:]
    return one[1:] == other or one == other[1:] or one[1:] == other[1:] or _swapped_at(one, other)


def _swapped_at(one: str, other: str) -> bool:
    return one[:2] == other[1::-1] and one[2:] == other[2:]


def _like(word: str, meant: str) -> bool:
    """Whether the difference is a slip and not an ending: "connect" and "connects" are both words."""
    return not (word.startswith(meant) or meant.startswith(word)) or word.endswith("e") or len(word) > 8
