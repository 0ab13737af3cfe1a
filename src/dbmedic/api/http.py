"""A request and its answer on plain ASGI: what every API reads and returns.

Nothing of a protocol is in here: an API chooses limits, headers and the words of its errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from msgspec import Struct

from dbmedic.core.errors import Failure, Timeout, TooLarge
from dbmedic.kit.bound import Bound

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]

BODY_BYTES = 1 << 20
"""Largest body of a JSON request."""
BODY_S = 60.0
"""How long a body may take to arrive."""
UPLOADS = 10
"""So many times as long for one that is written away as it comes."""


class ClientGone(Failure):
    """The client closed the connection before its request was complete."""

    code = "client_gone"


class Head(Struct, frozen=True):
    """What an API may look at to tell whether a request is its own."""

    method: str
    path: str
    """Without the `/json` or `/sse` that chooses a form of answer."""
    form: str | None
    """That prefix: "json", "sse"."""
    headers: Mapping[str, str]
    """Lower-case names; of a repeated header the last value."""


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = ()

    async def send(self, receive: Receive, send: Send, more: tuple[Header, ...]) -> None:  # noqa: ARG002 - as Stream
        headers = [*self.headers, *more]
        if self.status != 204:  # which must not have one: RFC 9110, 8.6
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class Request:
    """One request.  What an API learns of it is written back for the log and the metrics."""

    def __init__(self, scope: Scope, receive: Receive, body_s: float = BODY_S) -> None:
        self._scope, self._receive, self._body_s = scope, receive, body_s
        form, path = prefix(scope["path"])
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.head = Head(scope["method"], path, form, headers)
        self.operation = "unknown"
        """Which of an API's operations it is; of a closed set, since it names a metric."""
        self.api = ""
        """Name of the API that answers it; empty while none was found."""
        self.key = ""
        """Id of the key that signed in."""

    @cached_property
    def query(self) -> dict[str, str]:
        """The parameters of the query string; of a repeated one the first value."""
        text = self._scope["query_string"].decode("utf-8", "replace")
        return dict(reversed(parse_qsl(text, keep_blank_values=True, errors="replace"))) if text else {}

    @property
    def raw(self) -> tuple[bytes, bytes, list[Header]]:
        """Path, query and headers as they arrived, for whoever checks a signature over them."""
        scope = self._scope
        path = scope.get("raw_path") or scope["path"].encode()
        return path, scope["query_string"], list(scope["headers"])

    @property
    def peer(self) -> str:
        """Address of the client; "" where the connection has none."""
        client = self._scope.get("client")
        return str(client[0]) if client else ""

    @property
    def secure(self) -> bool:
        """Whether it came by TLS."""
        return bool(self._scope.get("scheme") == "https")

    async def body(self, limit: int = BODY_BYTES) -> bytes:
        """The whole body; raises `TooLarge`, `Timeout` or `ClientGone`.

        What is too large is not read to its end: the server drops the rest once the answer is out.
        """
        declared = int(self.head.headers.get("content-length") or 0)
        if declared > limit:
            raise TooLarge("request body", declared, limit)
        with Bound(self._body_s):
            return await self._read(limit)
        raise Timeout(self._body_s, "reading the request body")

    async def pieces(self, limit: int) -> AsyncIterator[bytes]:
        """The body as it arrives; raises as `body`."""
        declared = int(self.head.headers.get("content-length") or 0)
        if declared > limit:
            raise TooLarge("request body", declared, limit)
        loop = asyncio.get_running_loop()
        upload_s = UPLOADS * self._body_s
        until, size, more = loop.time() + upload_s, 0, True
        while more:
            try:
                message = await asyncio.wait_for(self._receive(), until - loop.time())
            except TimeoutError:
                raise Timeout(upload_s, "reading the request body") from None
            if message["type"] == "http.disconnect":
                raise ClientGone("the client closed the connection")
            piece = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(piece)
            if size > limit:
                raise TooLarge("request body", size, limit)
            if piece:
                yield piece

    async def _read(self, limit: int) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone("the client closed the connection")
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
            size += len(parts[-1])
            if size > limit:
                raise TooLarge("request body", size, limit)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def prefix(path: str) -> tuple[str | None, str]:
    """The `/json` or `/sse` a path begins with, and the path without it: "/sse/agent" is ("sse", "/agent")."""
    for form in ("json", "sse"):
        if path == f"/{form}" or path.startswith(f"/{form}/"):
            return form, path[len(form) + 1 :] or "/"
    return None, path
