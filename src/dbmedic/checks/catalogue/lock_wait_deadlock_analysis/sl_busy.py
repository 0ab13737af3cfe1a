"""Who holds an SQLite file's write lock, as the kernel's own list of locks tells: asking takes no lock.

https://www.sqlite.org/lockingv3.html and https://www.sqlite.org/walformat.html say which bytes are locked for what.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.to_thread

from dbmedic.checks.context import Context
from dbmedic.core.errors import LockBlocked, Unmeasured
from dbmedic.core.values import Row

LOCKS = Path("/proc/locks")
LOOKS = 10
RESERVED, SHARED_END = 0x40000001, 0x40000000 + 511
"""Bytes of the main file that a writer locks with a rollback journal."""
WAL_WRITER, WAL_READERS = 120, range(123, 128)
"""The bytes of the -shm file that a writer, and that readers lock with a write-ahead log."""
READING = re.compile(r"POSIX\s+\S+\s+READ\s+(-?\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s+(\d+)\s+\d+")
LINE = re.compile(r"POSIX\s+\S+\s+WRITE\s+(-?\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s+(\d+)\s+(\d+|EOF)")


async def rows(context: Context) -> list[Row]:
    """One row per process that held the lock: share of the looks, and seconds of its longest stretch."""
    seen: list[Row] = await context.lanes.once("locks of the file", lambda: watched(context))
    try:
        mode = await context.rows(context.query("mode"))
    except LockBlocked:
        mode = []  # a writer keeps the file closed, which is what was asked
    return [row | {"mode": mode[0]["mode"] if mode else None} for row in seen]


async def watched(context: Context) -> list[Row]:
    """The writers of the file over the window.  Raises `Unmeasured` where the kernel has no such list."""
    path = Path(context.facts.data_directory or "") / context.facts.database
    pause = context.lanes.window_s / (LOOKS - 1)
    hits: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    start = anyio.current_time()
    for look in range(LOOKS):
        await anyio.sleep(max(0.0, start + look * pause - anyio.current_time()))
        for pid in await anyio.to_thread.run_sync(lambda: writers(path)):
            hits.setdefault(pid, []).append(look)
            if pid not in names:
                names[pid] = await anyio.to_thread.run_sync(program, pid)
    context.window = anyio.current_time() - start
    return [
        {
            "pid": str(pid),
            "program": names[pid],
            "held": len(looks) / LOOKS,
            "looks": LOOKS,
            "longest": _stretch(looks) * pause,
        }
        for pid, looks in sorted(hits.items(), key=lambda item: -len(item[1]))
    ]


def writers(path: Path) -> set[int]:
    """Ids of the processes that hold the write lock now.  Blocks.  Raises `Unmeasured`."""
    try:
        text = LOCKS.read_text()
        main = path.stat().st_ino
    except OSError:
        raise Unmeasured("no_host_source", "this machine does not tell who holds locks on files") from None
    try:
        shared = Path(f"{path}-shm").stat().st_ino
    except OSError:
        shared = -1
    return set(holders(text, main, shared))


def holders(text: str, main: int, shared: int) -> Iterator[int]:
    """Ids in the text of /proc/locks; `main` and `shared` are the inodes of the file and of its -shm."""
    for pid, inode, first, last in LINE.findall(text):
        low, high = int(first), SHARED_END if last == "EOF" else int(last)
        rollback = int(inode) == main and low <= SHARED_END and high >= RESERVED
        ahead = int(inode) == shared and low <= WAL_WRITER <= high
        if rollback or ahead:
            yield int(pid)


def readers(path: Path) -> set[int]:
    """Ids of the other processes that read the file with a write-ahead log now.  Blocks.  Raises `Unmeasured`."""
    try:
        text, shared = LOCKS.read_text(), Path(f"{path}-shm").stat().st_ino
    except OSError:
        raise Unmeasured("no_host_source", "this machine does not tell who holds locks on files") from None
    found = {
        int(pid) for pid, inode, byte in READING.findall(text) if int(inode) == shared and int(byte) in WAL_READERS
    }
    return found - {os.getpid()}


def program(pid: int) -> str:
    """What a process is called; "?" where we may not know.  Blocks."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return os.path.basename(words[0].decode(errors="replace")) or "?"  # noqa: PTH119 - a word, not a path of ours


def _stretch(looks: list[int]) -> int:
    """Steps between looks in the longest run of neighbours."""
    longest = run = 0
    for before, after in itertools.pairwise(looks):
        run = run + 1 if after == before + 1 else 0
        longest = max(longest, run)
    return longest
