"""What every request gets, whatever API it is for."""

from __future__ import annotations

import asyncio
import re

import pytest
import structlog

from api.serving import connected, served
from dbmedic.api import Api, claimed, names
from dbmedic.api.edge import BROKEN, GONE, Edge, Seen
from dbmedic.api.http import BODY_BYTES, Head, Reply, Request, prefix
from dbmedic.core.errors import TooLarge


async def handle(request: Request) -> Reply:
    request.operation, request.key = "read", "key-1"
    if request.head.path == "/broken":
        raise ZeroDivisionError("a secret in a message")
    try:
        return Reply(200, b"%d" % len(await request.body()))
    except TooLarge as problem:
        return Reply(413, str(problem).encode())


def app(seen: list[Seen]) -> Edge:
    return Edge([Api("test", lambda head, fields: head.path != "/nobodys", handle, lambda: BROKEN)], seen.append)


async def answer(url: str, request: bytes) -> tuple[bytes, bytes]:
    async with connected(url, request) as reader:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length
        return head, await reader.readexactly(int(length[1]))


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-123", True), ("x" * 129, False), ("a b", False), ("<script>", False), ("", False)]
)
async def test_every_answer_has_a_request_id(given: str, kept: bool) -> None:
    async with served(app([])) as url:
        head, _ = await answer(url, f"GET / HTTP/1.1\r\nX-Request-Id: {given}\r\n\r\n".encode())
    (id,) = re.findall(rb"x-request-id: (.*)\r\n", head)
    assert (id.decode() == given) == kept
    assert kept or re.fullmatch(rb"[0-9a-f]{32}", id)


async def test_a_request_is_seen_once_with_what_the_api_learned() -> None:
    seen = list[Seen]()
    async with served(app(seen)) as url:
        await answer(url, b"GET /here?secret=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    (one,) = seen
    assert one[:5] == ("test", "read", "GET", "/here", 200)
    assert one.key == "key-1"
    assert 0 < one.took_s < 5


async def test_an_error_that_nobody_foresaw_is_logged_once_and_not_told() -> None:
    seen = list[Seen]()
    with structlog.testing.capture_logs() as lines:
        async with served(app(seen)) as url:
            head, body = await answer(url, b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in body
    assert [line["event"] for line in lines] == ["request failed"]
    assert seen[0].status == 500


async def test_a_path_of_no_api_is_not_found() -> None:
    async with served(app([])) as url:
        head, body = await answer(url, b"GET /nobodys HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 ")
    assert b'"not_found"' in body


@pytest.mark.parametrize("extra", [0, 1, 5_000_000])
async def test_a_body_is_read_up_to_the_limit_and_the_connection_lives_on(extra: int) -> None:
    size = BODY_BYTES + extra
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    async with served(app([])) as url, connected(url, request + b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n") as reader:
        first = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", first)
        assert length
        body = await reader.readexactly(int(length[1]))
        second = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert first.startswith(b"HTTP/1.1 413 " if extra else b"HTTP/1.1 200 ")
    assert body.startswith(b"request body" if extra else b"1048576")
    assert second.startswith(b"HTTP/1.1 200 ")


async def test_a_chunked_body_has_the_same_limit() -> None:
    chunk = b"%x\r\n%s\r\n" % (100_000, b"x" * 100_000)
    request = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 20 + b"0\r\n\r\n"
    async with served(app([])) as url:
        head, _ = await answer(url, request)
    assert head.startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_leaves_in_the_middle_of_its_request_is_seen() -> None:
    seen = list[Seen]()
    async with served(app(seen)) as url:
        async with connected(url, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"):
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.1)
    assert [one.status for one in seen] == [GONE]


def test_forms_are_chosen_by_the_beginning_of_the_path() -> None:
    assert prefix("/sse") == ("sse", "/")
    assert prefix("/json/agent") == ("json", "/agent")
    assert prefix("/jsonp") == (None, "/jsonp")


def test_dify_is_found_and_leaves_signed_calls_to_others() -> None:
    from dbmedic.api.dify.routes import claims

    assert "dify" in names()
    dify = Api("dify", claims, handle, lambda: BROKEN)
    ours = Head("POST", "/v1/chat-messages", None, {"authorization": "Bearer app-1"})
    assert claimed([dify], ours, {}) is dify
    for head, fields in [
        (Head("POST", "/v1/chat-messages", None, {"authorization": "ACS3-HMAC-SHA256 Credential=x"}), {}),
        (Head("POST", "/v1/chat-messages", None, {"x-acs-action": "ChatMessages"}), {}),
        (Head("POST", "/v1/chat-messages", None, {}), {"Action": "ChatMessages"}),
        (Head("POST", "/v1/chat-messages", "sse", {}), {}),
        (Head("POST", "/", None, {}), {}),
        (Head("GET", "/v10", None, {}), {}),
    ]:
        assert claimed([dify], head, fields) is None
