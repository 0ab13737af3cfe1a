"""Log lines: as JSON for machines, as text for a person at a terminal; those of libraries, too."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


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
            structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer(_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Bridge()], level=max(lowest, logging.WARNING))


class _Bridge(logging.Handler):
    """What libraries log, as our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        lines = structlog.get_logger("dbmedic.library")
        lines.log(record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info)


def _json(line: Any, **_: Any) -> str:
    import msgspec

    return msgspec.json.encode(line, enc_hook=str).decode()
