"""Log lines: as JSON for machines, as text for a person at a terminal; those of libraries, too."""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
import threading
import time
from typing import Any, BinaryIO, Final

import structlog

TOGETHER_S: Final = 0.05
"""Lines that come closer than this, and tell of nothing wrong, are written together."""


CONSOLE: Final = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
"""Tracebacks as Python prints them: drawn ones take seconds, and show the values of variables, secrets among them."""


def write_logs(level: str, form: str) -> None:
    """Log lines go to standard error: as JSON, or as text for a person at a terminal.  Called once by a server."""
    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    lowest = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            CONSOLE if text else structlog.processors.JSONRenderer(_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr) if text else Lines(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Bridge()], level=max(lowest, logging.WARNING))


def say_logs() -> None:
    """For a command that serves nothing: what goes wrong is text on standard error; nothing new after `write_logs`."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[*structlog.get_config()["processors"][:-1], CONSOLE],
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        )


class Lines:
    """Writes lines: a lone one, and one that tells of something wrong, at once; of a crowd some at a time."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._held = out, list[bytes]()
        self._next = 0.0
        self._later: asyncio.TimerHandle | None = None
        self._writing = threading.Lock()
        atexit.register(self.flush)

    def __call__(self, *_: Any) -> Lines:
        """As a factory of loggers: all of them are this one."""
        return self

    def info(self, line: bytes) -> None:
        self._held.append(line)
        if self._later is not None:
            return
        if (wait_s := self._next - time.monotonic()) > 0:
            try:
                self._later = asyncio.get_running_loop().call_later(wait_s, self.flush)
                return
            except RuntimeError:  # a thread without a loop
                pass
        self.flush()

    def warning(self, line: bytes) -> None:
        self._held.append(line)
        self.flush()

    debug = info
    error = critical = fatal = exception = msg = log = failure = warning

    def flush(self) -> None:
        """Writes what was held, in its order."""
        with self._writing:
            self._later = None
            held, self._held = self._held, []
            if held:
                self._next = time.monotonic() + TOGETHER_S
                self._out.write(b"\n".join((*held, b"")))
                self._out.flush()


class _Bridge(logging.Handler):
    """What libraries log, as our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        lines = structlog.get_logger("dbmedic.library")
        lines.log(record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info)


def _json(line: Any, **_: Any) -> bytes:
    import msgspec

    return msgspec.json.encode(line, enc_hook=str)
