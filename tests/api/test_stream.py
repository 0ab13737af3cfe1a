"""What a client of a stream gets, and what its hanging up does not do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from api.serving import connected, served
from dbmedic.api import Api
from dbmedic.api.edge import BROKEN, Edge, Seen
from dbmedic.api.http import Request
from dbmedic.api.stream import Stream

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def app(stream: Stream, seen: list[Seen]) -> Edge:
    async def handle(request: Request) -> Stream:
        return stream

    return Edge([Api("test", lambda head, fields: True, handle, lambda: BROKEN)], seen.append)


async def test_silence_is_broken_by_pings_and_only_silence() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        await asyncio.sleep(0.5)
        for _ in range(10):
            await asyncio.sleep(0.05)
            yield b"data: 2\n\n"

    async with served(app(Stream(pieces(), ping_s=0.2), [])) as url, connected(url, GET) as reader:
        body = await reader.readuntil(b"0\r\n\r\n")
    assert b"\r\ncontent-type: text/event-stream; charset=utf-8\r\n" in body
    assert body.count(b"event: ping\n\n") == 2
    assert body.count(b"data: 2\n\n") == 10


async def test_a_client_that_hangs_up_ends_its_reading() -> None:
    ended, seen = asyncio.Event(), list[Seen]()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"data: 1\n\n"
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with served(app(Stream(pieces()), seen)) as url:
        async with connected(url, GET) as reader:
            await reader.readuntil(b"data: 1\n\n")
            assert not ended.is_set()
        await asyncio.wait_for(ended.wait(), 2)
    assert [one.status for one in seen] == [200]


async def test_a_stream_that_fails_says_so_and_ends_in_order() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        raise ZeroDivisionError

    stream = Stream(pieces(), broken=b"data: sorry\n\n")
    async with served(app(stream, [])) as url, connected(url, GET) as reader:
        body = await reader.readuntil(b"0\r\n\r\n")
    assert body.index(b"data: 1") < body.index(b"data: sorry")


@pytest.mark.parametrize("slow", [0, 1])
async def test_a_slow_reader_gets_every_byte_in_order(slow: int) -> None:
    count, size = 200, 50_000

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(count):
            yield b"data: %d %s\n\n" % (number, b"x" * size)

    async with served(app(Stream(pieces()), [])) as url, connected(url, GET) as reader:
        await asyncio.sleep(slow)
        body = await reader.readuntil(b"0\r\n\r\n")
    numbers = [int(piece.split(b" ", 1)[0]) for piece in body.split(b"data: ")[1:]]
    assert numbers == list(range(count))
