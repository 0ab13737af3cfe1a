"""Runs the server for a command: its event loop, its log, and when it has to end."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import TYPE_CHECKING, Final

import click
import structlog

from dbmedic import __version__, app
from dbmedic.config import Config, traced
from dbmedic.core.errors import BadField
from dbmedic.kit.logs import write_logs

if TYPE_CHECKING:
    from dbmedic.telemetry.traces import Tracing

logger = structlog.get_logger("dbmedic.serve")

SETTLED_S: Final = 60.0
"""After this time all is loaded that is loaded with the first turns."""


def serve(config: Config, *, with_parent: bool) -> None:
    """Serves until SIGTERM, SIGINT or, `with_parent`, the end of standard input.

    Raises `FolderTaken`, `BadField` for an address that cannot be had, and what the store raises.
    """
    write_logs(config.log_level, config.log_format)
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(_serve(config, with_parent))


async def _serve(config: Config, with_parent: bool) -> None:
    stop = asyncio.Event()
    watching = asyncio.create_task(_orphaned(stop)) if with_parent else None

    def ready(url: str) -> None:
        settle()
        asyncio.get_running_loop().call_later(SETTLED_S, settle)
        logger.info("ready", url=url, data=str(config.data), version=__version__)
        if sys.stderr.isatty():
            click.echo(f"dbmedic {__version__} serves {url} on {config.data}; Ctrl-C ends it", err=True)

    try:
        await app.run(config, ready=ready, stop=stop, tracing=tracing())
    finally:
        if watching is not None:
            watching.cancel()


def settle() -> None:
    """Takes what was loaded so far out of the garbage collector's sight, and lets it look less often.

    Code, catalogue and settings stay as long as the process: to walk through all of them again and again takes tens of
    milliseconds each time, in which no stream goes on.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 25, 25)


def tracing() -> Tracing | None:
    """Who sends spans, where the environment asks for it.  Raises `BadField` where its packages are missing."""
    if not traced():
        return None
    try:
        from dbmedic.telemetry.traces import Tracing
    except ImportError as missing:
        raise BadField(
            "OTEL_EXPORTER_OTLP_ENDPOINT", f"traces need the extra otel ({missing}): pip install 'dbmedic[otel]'"
        ) from missing
    return Tracing()


async def _orphaned(stop: asyncio.Event) -> None:
    """Sets `stop` when whoever holds the other end of standard input is gone."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop.set()


def _loop() -> asyncio.AbstractEventLoop:
    """The faster event loop where it exists."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
