"""An ASGI application on a free port, and bytes sent to it by hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from dbmedic.api.serve import serve


async def nothing() -> None:
    pass


@contextlib.asynccontextmanager
async def served(app: Any, drain: Callable[[], Awaitable[None]] = nothing) -> AsyncIterator[str]:
    """The base URL of the running server; the server has ended when the block is left."""
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, "127.0.0.1", 0, ready=url.set_result, drain=drain, stop=stop))
    await asyncio.wait([task, url], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield url.result()
    finally:
        stop.set()
        await task


@contextlib.asynccontextmanager
async def connected(url: str, request: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """The raw answer to raw bytes; leaving the block hangs up."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 24)
    try:
        writer.write(request)
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
