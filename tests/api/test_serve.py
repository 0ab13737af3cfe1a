"""Listening, long targets, and the order in which a server ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from api.serving import connected, served
from dbmedic.api import Api
from dbmedic.api.edge import BROKEN, Edge
from dbmedic.api.http import Reply, Request
from dbmedic.api.serve import address, listen
from dbmedic.api.stream import Stream
from dbmedic.api.targets import LONGEST_URL
from dbmedic.core.errors import BadField


def app(handle: object) -> Edge:
    return Edge([Api("test", lambda head, fields: True, handle, lambda: BROKEN)], lambda seen: None)  # type: ignore[arg-type]


async def echo(request: Request) -> Reply:
    query = request.query
    return Reply(200, f"{request.head.path} {len(query.get('q', ''))} {query.get('last')}".encode())


@pytest.mark.parametrize("size", [10, 59_000, 66_000, 1 << 20])
async def test_a_query_may_be_as_long_as_a_question(size: int) -> None:
    target = b"/somewhere?q=" + b"x" * size + b"&last=1"
    request = b"POST " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    async with served(app(echo)) as url, connected(url, request) as reader:
        head = await reader.readuntil(b"\r\n\r\n")
        answer = await reader.readexactly(len(f"/somewhere {size} 1"))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert answer.decode() == f"/somewhere {size} 1"


async def test_a_target_without_end_is_refused() -> None:
    target = b"/?q=" + b"x" * LONGEST_URL
    async with served(app(echo)) as url, connected(url, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n") as reader:
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


async def test_the_end_waits_for_the_work_and_then_for_its_streams() -> None:
    working, order = asyncio.Event(), list[str]()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"data: begun\n\n"
        await working.wait()
        order.append("streamed")
        yield b"data: done\n\n"

    async def handle(request: Request) -> Stream:
        return Stream(pieces())

    async def drain() -> None:
        await asyncio.sleep(0.2)
        order.append("drained")
        working.set()

    server = served(app(handle), drain)
    url = await server.__aenter__()
    async with connected(url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as reader:
        await reader.readuntil(b"begun\n\n")
        ending = asyncio.create_task(server.__aexit__(None, None, None))
        rest = await asyncio.wait_for(reader.read(), 5)
        await ending
    assert b"data: done\n\n" in rest
    assert order == ["drained", "streamed"]


async def test_a_stream_that_never_ends_does_not_keep_the_server_up() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"data: begun\n\n"
        await asyncio.sleep(3600)

    async def handle(request: Request) -> Stream:
        return Stream(pieces())

    server = served(app(handle))
    url = await server.__aenter__()
    async with connected(url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as reader:
        await reader.readuntil(b"begun\n\n")
        began = time.monotonic()
        await server.__aexit__(None, None, None)
        assert time.monotonic() - began < 5


def test_a_port_that_is_taken_is_named() -> None:
    first = listen("127.0.0.1", 0)
    try:
        port = int(address(first).rpartition(":")[2])
        with pytest.raises(BadField, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            listen("127.0.0.1", port)
    finally:
        first.close()
    with pytest.raises(BadField, match=r"cannot listen on no\.such\.host\.invalid"):
        listen("no.such.host.invalid", 0)
