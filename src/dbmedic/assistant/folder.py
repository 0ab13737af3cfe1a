"""The data folder: made on first use, readable by its owner only, served by one process at a time.

store.db   everything that is kept          files/   what was uploaded
key        encrypts passwords at rest       lock     held by the server, with its process id
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from anyio.to_thread import run_sync

from dbmedic.core.errors import BadField, FolderTaken, StoreFailed, WrongKey

KEY_BYTES = 32


class Folder:
    """A data folder that exists."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store, self.files = path / "store.db", path / "files"
        self._lock: int | None = None

    async def lock(self) -> None:
        """Takes the folder for this process, until `unlock` or the process ends.  Raises `FolderTaken`."""
        if self._lock is None:
            self._lock = await run_sync(_locked, self.path)

    async def held(self) -> bool:
        """Whether this process has the folder: the lock is taken, and its file was not removed or replaced."""
        return self._lock is not None and await run_sync(_same_file, self.path / "lock", self._lock)

    def unlock(self) -> None:
        """Gives the folder free; may be called twice."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def key(self, random: Callable[[int], bytes]) -> bytes:
        """The 32 bytes of the file `key`, made of `random` when there is none yet.

        Two processes that come at once get the same.  Raises `WrongKey` when the file holds no key.
        """
        return await run_sync(_kept_key, self.path / "key", random)


async def open_folder(path: Path) -> Folder:
    """The data folder at this place, made with mode 0700 when it is new.  Raises `StoreFailed`."""
    await run_sync(_make, path)
    return Folder(path)


def key_of(text: str) -> bytes:
    """The 32 bytes that a key written as base64 or as 64 hexadecimal digits stands for.  Raises `BadField("key")`."""
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadField(
            "key", f"the key is not {KEY_BYTES} bytes as base64 or hexadecimal; make one: openssl rand -base64 32"
        )
    return key


def _make(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / "files").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreFailed(f"data folder {path} cannot be made or written: {error.strerror}") from error


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreFailed(f"{path} cannot be opened: {error.strerror}") from error


def _locked(path: Path) -> int:
    file = _opened(path / "lock")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(file, 32, 0).decode("ascii", "replace").strip()
        os.close(file)
        who = f"process {holder}" if holder else "another process"
        raise FolderTaken(
            f"data folder {path} is served by {who}; stop it, or choose another folder with --data"
        ) from None
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode("ascii"), 0)
    return file


def _same_file(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except OSError:
        return False


def _kept_key(path: Path, random: Callable[[int], bytes]) -> bytes:
    file = _opened(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = os.pread(file, 4096, 0)
        if not text:
            text = base64.b64encode(random(KEY_BYTES)) + b"\n"
            os.pwrite(file, text, 0)
            os.fsync(file)
        return key_of(text.decode("ascii"))
    except (BadField, UnicodeDecodeError):
        raise WrongKey(f"{path} does not hold a key; put the one back with which this data folder was made") from None
    finally:
        os.close(file)
