"""Logs that a service manager keeps: `journalctl` and `docker logs`, asked for one stretch of time."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from dbmedic.core.errors import Unmeasured
from dbmedic.kit.serverlog import Line

LIMIT_S, MOST_LINES = 6.0, 50_000
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:\\-]{0,200}")
_JOURNAL = re.compile(r"^(\d+\.\d+) \S+ [^:]*?: ?(.*)$", re.DOTALL)
_DOCKER = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z (.*)$", re.DOTALL)


async def journal(unit: str, start: datetime, end: datetime, most: int) -> list[Line]:
    """What a systemd unit wrote.  Raises `Unmeasured("no_log_source")`."""
    words = [
        "journalctl", "--unit", unit, "--output", "short-unix", "--no-pager", "--quiet", "--lines", str(MOST_LINES),
        "--since", f"@{start.timestamp():.0f}", "--until", f"@{end.timestamp() + 1:.0f}",
    ]  # fmt: skip
    return [journal_line(line) for line in await _said(words, unit, most)]


async def docker(container: str, start: datetime, end: datetime, most: int) -> list[Line]:
    """What a container wrote.  Raises `Unmeasured("no_log_source")`."""
    words = [
        "docker", "logs", "--timestamps", "--tail", str(MOST_LINES), "--since", f"{start.timestamp():.0f}",
        "--until", f"{end.timestamp() + 1:.0f}", container,
    ]  # fmt: skip
    return [docker_line(line) for line in await _said(words, container, most)]


def journal_line(line: str) -> Line:
    """A line of `journalctl --output short-unix`: seconds, host, program, and the server's own line."""
    match = _JOURNAL.match(line)
    return (None, line) if match is None else (datetime.fromtimestamp(float(match[1]), UTC), match[2])


def docker_line(line: str) -> Line:
    """A line of `docker logs --timestamps`."""
    match = _DOCKER.match(line)
    return (None, line) if match is None else (datetime.fromisoformat(match[1]).replace(tzinfo=UTC), match[2])


async def _said(words: list[str], name: str, most: int) -> list[str]:
    """The lines that a command prints, at most so many bytes of them."""
    if not NAME.fullmatch(name):
        raise Unmeasured("no_log_source", f"{name!r} is no name of a unit or a container")
    if shutil.which(words[0]) is None:
        raise Unmeasured("no_log_source", f"there is no {words[0]} on the machine dbmedic runs on")
    data = b""
    try:
        with anyio.fail_after(LIMIT_S):
            async with await anyio.open_process(words, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
                assert process.stdout is not None
                stream = BufferedByteReceiveStream(process.stdout)
                with suppress(anyio.EndOfStream):
                    while len(data) < most:
                        data += await stream.receive(1 << 18)
                if len(data) >= most:
                    process.kill()
                code = await process.wait()
    except TimeoutError:
        raise Unmeasured("no_log_source", f"{words[0]} did not answer within {LIMIT_S:g} s") from None
    except OSError as error:
        raise Unmeasured("no_log_source", f"{words[0]} could not be run: {error.strerror}") from None
    text = data.decode(errors="replace")
    if code != 0 and len(data) < most:
        raise Unmeasured("no_log_source", f"{words[0]}: {text.strip()[:200] or f'exit code {code}'}")
    return text.splitlines()
