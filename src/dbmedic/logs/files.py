"""Logs that are files of this machine, read in a thread and within a time limit."""

from __future__ import annotations

import shutil
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
LEAST_S = 3600.0
"""A file that is younger says nothing of a day."""
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


def growth(newest: Blob, blobs: Sequence[Blob]) -> float | None:
    """Bytes a day by the files: the newest one's size over the time since the one before it was last written."""
    older = [one for one in blobs if one.modified < newest.modified]
    if not older:
        return None
    took_s = (newest.modified - older[0].modified).total_seconds()
    return newest.size / took_s * 86400 if took_s >= LEAST_S else None


async def used(blob: Blob) -> float | None:
    """The used share of the volume that a file of this machine lies on."""
    if not isinstance(blob, LocalFile):
        return None
    space = await in_thread(lambda: shutil.disk_usage(blob.path.parent), str(blob.path))
    return space.used / (space.used + space.free) if space.used + space.free else None


async def standard_error(data_directory: str) -> str | None:
    """Where the server with a data directory of this machine writes its standard error; None where we may not look."""

    def look() -> str | None:
        try:
            pid = int(Path(data_directory, "postmaster.pid").read_text().split()[0])
            return str(Path(f"/proc/{pid}/fd/2").readlink())
        except (OSError, ValueError, IndexError):
            return None

    return await in_thread(look, data_directory)


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
