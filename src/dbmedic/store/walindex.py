"""Whether anybody committed to a store since we looked: the head of SQLite's shared index of its write-ahead log.

SQLite writes this head last in each commit, in memory that all processes share, and compares it itself to notice that
others wrote.  Reading it takes a microsecond; `pragma data_version`, which tells the same, gives up the interpreter's
lock and two file locks for it.  https://www.sqlite.org/walformat.html#the_wal_index_header
"""

from __future__ import annotations

import mmap
import os
import threading
from typing import Final

HEAD: Final = 96
"""Bytes: two copies of 48."""

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

    @classmethod
    def look(cls, place: str) -> WalIndex | None:
        """Of a store that some connection has read from; None for one in memory, or where nothing can be mapped."""
        with _lock:
            try:
                found = os.stat(f"{place}-shm")
                key = (found.st_dev, found.st_ino)
                if (mapped := _open.get(key)) is None:
                    mapped = _open[key] = _Mapped(f"{place}-shm")
            except (OSError, ValueError):
                return None
            mapped.users += 1
        return cls(key, mapped)

    def head(self) -> bytes:
        """Other bytes after every commit, by whomever."""
        return self._mapped.memory[:HEAD]

    def close(self) -> None:
        """Comes after the store's own connections are closed; the last one gives the file free."""
        with _lock:
            self._mapped.users -= 1
            if not self._mapped.users:
                del _open[self._key]
                self._mapped.memory.close()
                os.close(self._mapped.handle)
