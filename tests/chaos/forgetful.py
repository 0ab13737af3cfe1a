"""A Redis that can be killed, and comes back empty on the same port."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import fix_servers
from dbmedic.cli import servers


class Forgetful:
    """Keeps nothing on disk."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self._folder, self._port = folder, port
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Nothing when it runs."""
        if self._process is not None:
            return
        words = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", "/"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while not fix_servers._answers(self._port):
            assert time.monotonic() < until, (self._folder / "log").read_text()
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None

    async def cut(self) -> None:
        """Ends every connection; what is known stays."""
        server = fix_servers.Server("redis", self.url, "")
        await asyncio.to_thread(server.run, "CLIENT KILL TYPE normal SKIPME yes")


@contextlib.asynccontextmanager
async def forgetful() -> AsyncIterator[Forgetful]:
    with fix_servers.private_folder() as folder:
        redis = Forgetful(folder, servers.free_port())
        await redis.start()
        try:
            yield redis
        finally:
            await redis.kill()
