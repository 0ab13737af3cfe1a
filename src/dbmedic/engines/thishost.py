"""Whether a server runs on this machine, as far as /proc and the file system can tell."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import anyio.to_thread


def loopback(host: str) -> bool:
    """Whether the name or address is this machine's own by convention."""
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def title_of(pid: int) -> str | None:
    """What a process calls itself; None when there is no such process, or no /proc."""

    def read() -> str | None:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return None

    return await anyio.to_thread.run_sync(read)


async def parent_folder(pid: int) -> str | None:
    """The working folder of a process's parent (a PostgreSQL postmaster's is its data directory), where we may look."""

    def read() -> str | None:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            parent = stat.rpartition(")")[2].split()[1]
            return str(Path(f"/proc/{parent}/cwd").readlink())
        except (OSError, IndexError):
            return None

    return await anyio.to_thread.run_sync(read)


async def exists(path: str) -> bool:
    """Whether there is such a path here; False where we may not look."""

    def look() -> bool:
        try:
            return Path(path).exists()
        except OSError:
            return False

    return await anyio.to_thread.run_sync(look)
