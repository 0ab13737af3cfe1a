"""The head of an answer leaves together with what comes right behind it: one packet, and one call of the system."""

from __future__ import annotations

import asyncio
from typing import Any


class Joined:
    """A transport that holds the head of an answer until the loop's next turn, or until more is written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._held = transport, b""
        self._later, self._write = asyncio.get_running_loop().call_soon, transport.write

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        elif data.startswith(b"HTTP/1.1 "):
            self._held = data
            self._later(self._flush)
            return
        self._write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            data, self._held = self._held, b""
            self._write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
