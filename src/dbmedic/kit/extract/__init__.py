"""Documents as text: what kind a file is, and its text in bounded memory and time.

Formats that a hostile file can make expensive (PDF, Word, Excel, HTML) are read in a process of their own, with limits
on memory and time that the system keeps; nothing in a file is ever executed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from anyio.to_thread import run_sync

from dbmedic.kit.extract.plain import CHARS, decoded, plain_text

PLAIN: Final = frozenset(
    ("txt", "log", "csv", "tsv", "md", "markdown", "json", "jsonl", "sql", "cnf", "conf", "ini", "yaml", "yml", "toml",
     "xml", "err", "out", "plan")
)  # fmt: skip
RICH: Final = frozenset(("pdf", "docx", "xlsx", "html", "htm"))
READABLE: Final = PLAIN | RICH
SECONDS: Final = 20.0
"""Longest time for one document."""
_STARTS: Final = {
    "pdf": (b"%PDF-",), "docx": (b"PK\x03\x04",), "xlsx": (b"PK\x03\x04",), "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",), "jpeg": (b"\xff\xd8\xff",), "gif": (b"GIF87a", b"GIF89a"), "zip": (b"PK",),
    "gz": (b"\x1f\x8b",),
}  # fmt: skip


class Unreadable(Exception):
    """Why there is no text: a sentence for whoever sent the file."""


def lies(extension: str, head: bytes) -> str | None:
    """Why the first bytes of a file cannot be what its extension says; None when they may be.  Pure."""
    if not head:
        return None
    if extension in _STARTS:
        window = head[:1024] if extension == "pdf" else head
        fits = any(start in window if extension == "pdf" else head.startswith(start) for start in _STARTS[extension])
        return None if fits else f"it does not begin like a file of type {extension}"
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if extension in PLAIN | {"html", "htm"} and b"\0" in head and not wide:
        return f"it holds bytes that no file of type {extension} has"
    return None


async def text_of(path: Path, extension: str) -> str:
    """The text of a document, at most `CHARS` characters; of a longer one the beginning and, where plain, the end.

    Raises `Unreadable`.
    """
    if extension in PLAIN:
        return await run_sync(plain_text, path)
    return await _rich(path, extension, CHARS)


async def whole_text(path: Path, extension: str, limit: int) -> str:
    """All of the text of a document.  Raises `Unreadable`, also for one of more than `limit` characters."""
    text = await (run_sync(_decoded, path) if extension in PLAIN else _rich(path, extension, limit + 1))
    if len(text) > limit:
        raise Unreadable(f"its text is longer than {limit} characters; split it into several documents")
    return text


def _decoded(path: Path) -> str:
    return decoded(path.read_bytes())[0]


async def _rich(path: Path, extension: str, limit: int) -> str:
    if extension not in RICH:
        raise Unreadable(f"files of type {extension or 'none'} hold no text that can be read")
    words = [sys.executable, "-I", "-m", "dbmedic.kit.extract.reader", str(path), extension, str(limit)]
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, problem = await process.communicate()
    except TimeoutError:
        raise Unreadable(f"it takes longer than {SECONDS:g} s to read") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return out.decode("utf-8", "replace")[:limit]
    said = problem.decode("utf-8", "replace").strip()
    raise Unreadable(said if process.returncode == 3 and said else "it is broken, or needs too much memory or time")
