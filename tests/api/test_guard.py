"""Connections that would stay for nothing: heads and bodies without end, answers nobody reads, too many at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.serving import connected
from dbmedic.api import Api, guard
from dbmedic.api.edge import BROKEN, Edge
from dbmedic.api.guard import RESERVE, Door, Patience
from dbmedic.api.http import Reply, Request
from dbmedic.api.serve import serve
from dbmedic.api.stream import Stream

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Seen(Counter[str]):
    """Why connections were ended, and how many were open at most."""

    most = 0

    def counted(self, connections: int) -> None:
        self.most = max(self.most, connections)


@contextlib.asynccontextmanager
async def guarded(handle: Any, patience: Patience, body_s: float = 60.0) -> AsyncIterator[tuple[str, Seen]]:
    seen, stop, url = Seen(), asyncio.Event(), asyncio.get_running_loop().create_future()
    door = Door(patience, counted=seen.counted, ended=lambda why: seen.update([why]))
    app = Edge([Api("test", lambda head, fields: True, handle, lambda: BROKEN)], lambda seen: None, body_s=body_s)
    serving = serve(app, "127.0.0.1", 0, ready=url.set_result, drain=lambda: asyncio.sleep(0), stop=stop, door=door)
    task = asyncio.create_task(serving)
    await asyncio.wait([task, url], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield url.result(), seen
    finally:
        stop.set()
        await task


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LOOK_S", 0.02)


async def length(request: Request) -> Reply:
    return Reply(200, str(len(await request.body())).encode())


@pytest.mark.parametrize("begun", [b"", b"POST /v1", b"POST / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n"])
async def test_a_head_that_does_not_end_is_answered_and_hung_up(begun: bytes) -> None:
    async with guarded(length, Patience(head_s=0.1)) as (url, seen), connected(url, begun) as reader:
        said = await asyncio.wait_for(reader.read(), 5)
    assert said.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"no whole request came within 0.1 s" in said
    assert seen == {"head": 1}


async def test_a_second_request_on_a_connection_must_end_its_head_too() -> None:
    async with guarded(length, Patience(head_s=0.1)) as (url, seen), connected(url, GET + b"GET / HT") as reader:
        said = await asyncio.wait_for(reader.read(), 5)
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1 408 Request Timeout\r\n" in said
    assert seen == {"head": 1}


async def test_a_connection_may_rest_between_two_requests() -> None:
    async with guarded(length, Patience(head_s=0.1)) as (url, seen):
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in range(2):
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n0")).startswith(b"HTTP/1.1 200 OK")
            await asyncio.sleep(0.3)
        writer.close()
    assert not seen


async def test_a_body_that_does_not_end_is_answered_and_hung_up() -> None:
    begun = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"

    async def handle(request: Request) -> Reply:
        try:
            return await length(request)
        except Exception as fault:
            return Reply(408, str(fault).encode())

    async with guarded(handle, Patience(head_s=0.1), body_s=0.1) as (url, seen), connected(url, begun) as reader:
        said = await asyncio.wait_for(reader.read(), 5)
    assert b"reading the request body took longer than 0.1 s" in said
    assert seen == {"head": 1}


async def test_a_client_that_reads_nothing_is_hung_up_and_a_slow_one_is_not() -> None:
    made = Counter[int]()

    async def endless(request: Request) -> Stream:
        client = len(made)
        made[client] = 0

        async def pieces() -> AsyncIterator[bytes]:
            for number in range(1000):
                made[client] += 1
                yield b"data: %d %b\n\n" % (number, b"x" * 50_000)

        return Stream(pieces())

    async with guarded(endless, Patience(stalled_s=0.4)) as (url, seen):
        address = urlsplit(url).hostname, urlsplit(url).port
        loop, socks = asyncio.get_running_loop(), []
        for _ in range(2):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            await loop.sock_connect(sock, address)
            await loop.sock_sendall(sock, GET)
            socks.append(sock)
        slow, deaf = socks
        heard = 0
        for _ in range(40):
            heard += len(await asyncio.wait_for(loop.sock_recv(slow, 16384), 5))
            await asyncio.sleep(0.04)
        assert heard > 40 * 1000
        assert seen == {"stalled": 1}
        ended = 0
        with contextlib.suppress(ConnectionError):
            while len(rest := await asyncio.wait_for(loop.sock_recv(deaf, 1 << 16), 5)):
                ended += len(rest)
        assert ended < 1 << 20
        assert made[1] < 20, "what nobody reads is not even made"
        for sock in socks:
            sock.close()


async def test_more_connections_than_there_is_room_for_are_told_so_and_health_is_answered() -> None:
    patience = Patience(connections=3)
    async with guarded(length, patience) as (url, seen), contextlib.AsyncExitStack() as open_:
        for _ in range(3):
            await open_.enter_async_context(connected(url, b""))
        async with connected(url, GET) as reader:
            said = await asyncio.wait_for(reader.read(), 5)
        assert said.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"retry-after: 5\r\n" in said
        assert b"as many connections as it can hold (3)" in said
        async with connected(url, GET.replace(b"/ ", b"/health ")) as reader:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        for _ in range(RESERVE):
            await open_.enter_async_context(connected(url, b""))
        async with connected(url, GET) as reader:
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 5) == b""
    assert seen["full"] == 2
    assert seen.most >= 3
