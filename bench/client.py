"""Clients that cost little: raw HTTP/1.1 on kept connections, one request after another, each reply checked."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Target(NamedTuple):
    """Who is asked, and how a good reply looks."""

    name: str
    port: int
    path: str
    body: Callable[[str], dict[str, object]]
    """Question -> JSON of the request."""
    first: bytes
    """What the first piece of content begins with."""
    good: bytes
    """What is in a whole reply."""
    key: str = ""
    signed: str = "Authorization: Bearer {}"
    """The header that carries the key."""

    def request(self, question: str) -> bytes:
        data = json.dumps(self.body(question)).encode()
        key = f"{self.signed.format(self.key)}\r\n" if self.key else ""
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n{key}"
        return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


class Client(asyncio.Protocol):
    """One connection; `ask` resolves to the seconds until the first content came."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.transport: Any
        self.done: asyncio.Future[float]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def ask(self, request: bytes) -> asyncio.Future[float]:
        self.parts: list[bytes] = []
        self.first_s = self.left = self.whole_s = -1.0
        self.head = b""
        self.done = asyncio.get_running_loop().create_future()
        self.began = time.perf_counter()
        self.transport.write(request)
        return self.done

    def data_received(self, data: bytes) -> None:
        if self.first_s < 0 and self.target.first in data:
            self.first_s = time.perf_counter() - self.began
        self.parts.append(data)
        if not self.head:
            whole = b"".join(self.parts)
            end = whole.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = whole[:end].lower()
            length = self.head.partition(b"content-length:")[2]
            self.left = int(length.split(b"\r\n")[0]) + end + 4 - len(whole) if length else -1
        elif self.left > 0:
            self.left -= len(data)
        if self.left == 0 or (self.left < 0 and self._ended(data)):
            self._finish()

    def _ended(self, data: bytes) -> bool:
        """The last chunk; it may itself be cut in two."""
        return data.endswith(b"\r\n0\r\n\r\n") or (
            len(data) < 7 and b"".join(self.parts[-8:]).endswith(b"\r\n0\r\n\r\n")
        )

    def _finish(self) -> None:
        self.whole_s = time.perf_counter() - self.began
        whole = b"".join(self.parts)
        if not self.head.startswith(b"http/1.1 200") or self.target.good not in whole:
            self.done.set_exception(RuntimeError(f"{self.target.name}: {whole[:2000].decode('utf-8', 'replace')}"))
        else:
            self.done.set_result(self.first_s)

    def connection_lost(self, fault: Exception | None) -> None:
        if hasattr(self, "done") and not self.done.done():
            self.done.set_exception(RuntimeError(f"{self.target.name} hung up: {fault}"))


async def connect(target: Target) -> Client:
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(target), "127.0.0.1", target.port)
    client.transport.get_extra_info("socket").setsockopt(6, 1, 1)
    return client


async def waited(targets: list[Target], question: str, times: int) -> dict[str, list[tuple[float, float]]]:
    """Target -> seconds to the first content and to the end, one request at a time, the targets in turn."""
    clients = [await connect(target) for target in targets]
    found: dict[str, list[tuple[float, float]]] = {target.name: [] for target in targets}
    for _ in range(times):
        for client in clients:
            first_s = await client.ask(client.target.request(question))
            found[client.target.name].append((first_s, client.whole_s))
    for client in clients:
        client.transport.close()
    return found


class Run(NamedTuple):
    """So many turns in so many seconds, and what the server's processor spent on them."""

    turns: int
    seconds: float
    cpu_s: float

    @property
    def rate(self) -> float:
        return self.turns / self.seconds


async def saturate(target: Target, question: str, clients: int, seconds: float, spent: Callable[[], float]) -> Run:
    """Turns per second of so many clients who ask again as soon as they are answered."""
    request = target.request(question)
    connected = [await connect(target) for _ in range(clients)]
    turns = 0
    until = time.perf_counter() + seconds

    async def asking(client: Client) -> None:
        nonlocal turns
        while time.perf_counter() < until:
            await client.ask(request)
            turns += 1

    cpu, began = spent(), time.perf_counter()
    await asyncio.gather(*map(asking, connected))
    took, used = time.perf_counter() - began, spent() - cpu
    for client in connected:
        client.transport.close()
    return Run(turns, took, used)
