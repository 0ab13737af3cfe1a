"""Whether anybody committed to a store since we looked: the head of SQLite's shared index of its write-ahead log.

SQLite writes this head last in each commit, in memory that all processes share, and compares it itself to notice that
others wrote.  Reading it takes a microsecond; `pragma data_version`, which tells the same, gives up the interpreter's
lock and two file locks for it.  https://www.sqlite.org/walformat.html#the_wal_index_header
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
from pathlib import Path
from typing import Final

HALF: Final = 48
HEAD: Final = 2 * HALF
"""Bytes: two copies, the second one written first."""
MOST: Final = 10_000
"""Commits that are told apart before all is read again."""

_lock = threading.Lock()
_open: dict[tuple[int, int], _Mapped] = {}


class _Mapped:
    """One index, however many stores of this process look at it: closing any handle of a file ends all the locks that
    the process has on it.
    """

    def __init__(self, path: str) -> None:
        self.users = 0
        self.handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.memory = mmap.mmap(self.handle, HEAD, access=mmap.ACCESS_READ)


class WalIndex:
    """The head of one store's index, from `look` to `close`."""

    def __init__(self, key: tuple[int, int], mapped: _Mapped) -> None:
        self._key, self._mapped = key, mapped
        self._seen = b""
        self._own: set[int] = set()

    @classmethod
    def look(cls, place: str) -> WalIndex | None:
        """Of a store that some connection has read from; None for one in memory, or where nothing can be mapped."""
        with _lock:
            try:
                found = Path(f"{place}-shm").stat()
                key = (found.st_dev, found.st_ino)
                if (mapped := _open.get(key)) is None:
                    mapped = _open[key] = _Mapped(f"{place}-shm")
            except (OSError, ValueError):
                return None
            mapped.users += 1
        return cls(key, mapped)

    def changed(self) -> bool:
        """Whether there was a commit since the last call that was not said to be of no interest."""
        head = self._mapped.memory[:HEAD]
        if head == self._seen:
            return False
        before, self._seen = self._seen, head
        if before and head[:HALF] == head[HALF:]:  # else somebody writes it right now
            first, last = _number(before) + 1, _number(head)
            if first <= last < first + MOST and self._own.issuperset(range(first, last + 1)):
                self._own.difference_update(range(first, last + 1))
                return False
        self._own.clear()
        return True

    def next(self) -> int:
        """The number that a commit will have; for whoever holds the write lock."""
        return _number(self._mapped.memory[:HALF]) + 1

    def of_no_interest(self, number: int) -> None:
        """A commit of this number is in the store now, and changed nothing that anybody remembers."""
        if len(self._own) < MOST:
            self._own.add(number)

    def close(self) -> None:
        """Comes after the store's own connections are closed; the last one gives the file free."""
        with _lock:
            self._mapped.users -= 1
            if not self._mapped.users:
                del _open[self._key]
                self._mapped.memory.close()
                os.close(self._mapped.handle)


def _number(head: bytes) -> int:
    """How many commits there were, of a head in this machine's byte order."""
    return int.from_bytes(head[8:12], sys.byteorder)
