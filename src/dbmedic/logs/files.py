"""Logs that are files of this machine, read in a thread and within a time limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from dbmedic.core.errors import Unmeasured
from dbmedic.logs.reach import Blob

T = TypeVar("T")
LIMIT_S = 4.0
_THREADS = 4
"""Threads that may hang on a dead file system."""


class LocalFile:
    """One file, by where it was when it was found."""

    def __init__(self, path: Path, size: int, modified: datetime) -> None:
        self.path, self.name, self.size, self.modified = path, path.name, size, modified

    async def read(self, offset: int, length: int) -> bytes:
        def read() -> bytes:
            with self.path.open("rb") as file:
                file.seek(offset)
                return file.read(length)

        return await in_thread(read, str(self.path))


async def beside(place: str | Path) -> list[LocalFile]:
    """A log and what was rotated away from it beside it, the newest first; a folder's files where it is one."""

    def look() -> list[LocalFile]:
        path = Path(place).expanduser()
        if path.is_dir():
            paths = [one for one in path.iterdir() if one.suffix in (".log", ".csv", ".json", ".err") and one.is_file()]
        else:
            rotated = [one for one in path.parent.glob(f"{path.name}.*") if one.suffix[1:].isdigit()]
            paths = [path, *(one for one in rotated if one.is_file())]
        found = []
        for one in paths:
            with one.open("rb"):  # a file that may not be read is an error now, not in the middle
                known = one.stat()
            found.append(LocalFile(one, known.st_size, datetime.fromtimestamp(known.st_mtime, UTC)))
        return sorted(found, key=lambda one: one.modified, reverse=True)

    return await in_thread(look, str(place))


def covering(files: Sequence[Blob], start: datetime, end: datetime, most: int = 2) -> list[Blob]:
    """The files that hold a stretch of time, oldest first: each begins where the one before it was last written."""
    found = []
    for number, one in enumerate(files):
        begins = files[number + 1].modified if number + 1 < len(files) else None
        if one.modified >= start and (begins is None or begins <= end):
            found.append(one)
    return (found[:most] or list(files[:1]))[::-1]


async def in_thread(work: Callable[[], T], path: str) -> T:
    """Raises `Unmeasured("no_log_source")` where the file system says no or does not answer."""
    try:
        with anyio.fail_after(LIMIT_S):
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    except TimeoutError:
        raise Unmeasured("no_log_source", f"the log {path} could not be read within {LIMIT_S:g} s") from None
    except FileNotFoundError:
        raise Unmeasured("no_log_source", f"there is no log {path} on the machine dbmedic runs on") from None
    except PermissionError:
        raise Unmeasured(
            "no_log_source",
            f"dbmedic's own user may not read the log {path}; add it to the log's group, such as adm or the server's",
        ) from None
    except OSError as error:
        raise Unmeasured("no_log_source", f"the log {path} could not be read: {error.strerror}") from None
