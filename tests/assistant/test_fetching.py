"""Addresses that somebody sent: public ones only, whatever they redirect to or resolve to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from dbmedic.assistant import fetching
from dbmedic.assistant.fetching import fetch, public
from dbmedic.core.errors import BadField, TooLarge


class Kept:
    def __init__(self) -> None:
        self.data = b""

    async def write(self, data: bytes) -> None:
        self.data += data


@contextlib.asynccontextmanager
async def site(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that gives these answers in turn; its address, and the requests it got."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answers[min(len(heard), len(answers)) - 1])
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


def ok(body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n%b\r\n%b" % (more, body)


def to(url: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def here(address: str) -> bool:
    """In these tests this machine counts as public, and nothing else does."""
    return address == "127.0.0.1"


async def test_what_an_address_answers_is_written() -> None:
    sink = Kept()
    async with site(to("/logs/a%20b.log"), ok(b"hello")) as (url, heard):
        fetched = await fetch(url, sink, allowed=here)
    assert (fetched.name, fetched.mime, sink.data) == ("a b.log", "text/plain", b"hello")
    assert len(heard) == 2


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost.localdomain.invalid", "[::1]", "0x7f000002", "2130706434"])
async def test_a_redirect_leads_nowhere_else(host: str) -> None:
    async with site(to(f"http://{host}:9/secret")) as (url, _):
        with pytest.raises(BadField, match="Invalid file url"):
            await fetch(url, Kept(), allowed=here)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:pw@127.0.0.1/", "gopher://x"]
)
async def test_a_redirect_changes_to_no_other_protocol(target: str) -> None:
    async with site(to(target)) as (url, heard):
        with pytest.raises(BadField, match="http or https"):
            await fetch(url, Kept(), allowed=here)
    assert len(heard) == 1


async def test_redirects_end() -> None:
    async with site(to("/again")) as (url, heard):
        with pytest.raises(BadField, match="redirects more than"):
            await fetch(url, Kept(), allowed=here)
    assert len(heard) == fetching.HOPS + 1


async def test_too_much_is_not_read_to_its_end() -> None:
    async with site(ok(b"x" * (4 << 20))) as (url, _):
        sink = Kept()
        with pytest.raises(TooLarge):
            await fetch(url, sink, allowed=here, limit=1 << 20)
    assert len(sink.data) <= 1 << 20


async def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.2)
    async with site(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx") as (url, _):
        with pytest.raises(BadField):
            await fetch(url, Kept(), allowed=here)


async def test_an_error_is_no_file() -> None:
    async with site(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as (url, _):
        with pytest.raises(BadField, match="status 404"):
            await fetch(url, Kept(), allowed=here)


async def test_this_machine_is_not_public() -> None:
    async with site(ok(b"secret")) as (url, heard):
        for name in (url, url.replace("127.0.0.1", "localhost")):
            with pytest.raises(BadField, match="not a public address"):
                await fetch(name, Kept())
    assert heard == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
        "64:ff9b::a00:1", "2002:a00:1::", "192.0.2.1", "198.18.0.1", "not an address", "",
    ],
)  # fmt: skip
def test_addresses_inside_are_known(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_outside_are_known(address: str) -> None:
    assert public(address)
