"""The edge of the server: every request gets an id, its API, an answer whatever happens, and one log line."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import uuid4

import structlog

from dbmedic.api import Api, claimed
from dbmedic.api.http import BODY_S, ClientGone, Receive, Reply, Request, Scope, Send
from dbmedic.api.stream import Stream

logger = structlog.get_logger("dbmedic.http")

NOBODYS = Reply(
    404,
    b'{"code":"not_found","message":"No API of dbmedic has this path; Dify\'s begins at /v1.","status":404}\n',
    ((b"content-type", b"application/json"),),
)
BROKEN = Reply(
    500,
    b'{"code":"internal_server_error","message":"dbmedic failed; its log has the details.","status":500}\n',
    ((b"content-type", b"application/json"),),
)
GONE = 499
"""Logged and counted for a client that left before it was answered."""

_TRACE = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""A W3C `traceparent`; its trace goes into log lines."""
_SANE = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}", re.ASCII)


class Seen(NamedTuple):
    """A request that was answered."""

    api: str
    operation: str
    method: str
    path: str
    status: int
    took_s: float
    """Until the last byte of a stream."""
    key: str


class Edge:
    """The ASGI application over some APIs; `seen` is told of each request."""

    def __init__(
        self,
        apis: Sequence[Api],
        seen: Callable[[Seen], None],
        busy: Counter[str] | None = None,
        streams: Counter[str] | None = None,
        body_s: float = BODY_S,
    ) -> None:
        """`busy` and `streams`: API -> requests under way, and those of them that are streams now; counted here.

        A body may take `body_s` to arrive.
        """
        self._body_s = body_s
        self._apis, self._seen = apis, seen
        self._busy: Counter[str] = Counter() if busy is None else busy
        self._streams: Counter[str] = Counter() if streams is None else streams
        self._process, self._count = uuid4().hex[:16], itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = Request(scope, receive, self._body_s)
        given = request.head.headers.get("x-request-id", "")
        id = given if _SANE.fullmatch(given) else f"{self._process}{next(self._count):016x}"
        structlog.contextvars.bind_contextvars(request=id)
        if trace := _TRACE.fullmatch(request.head.headers.get("traceparent", "")):
            structlog.contextvars.bind_contextvars(trace=trace[1])
        try:
            await self._through(request, began, id, receive, send)
        finally:
            if request.api:
                self._busy[request.api] -= 1

    async def _through(self, request: Request, began: float, id: str, receive: Receive, send: Send) -> None:
        api, answer = await self._answer(request)
        status = GONE if answer is None else answer.status
        streams = isinstance(answer, Stream)
        self._streams[api] += streams
        try:
            if answer is not None:
                await answer.send(receive, send, ((b"x-request-id", id.encode()),))
        finally:
            self._streams[api] -= streams
            took_s = time.perf_counter() - began
            head = request.head
            self._seen(Seen(api, request.operation, head.method, head.path, status, took_s, request.key))

    async def _answer(self, request: Request) -> tuple[str, Reply | Stream | None]:
        """The name of the API and what it answers; None for a client that is gone."""
        api = None
        try:
            api = claimed(self._apis, request.head, request.query)
            if api is None:
                return "none", NOBODYS
            request.api = api.name
            self._busy[api.name] += 1
            return api.name, await api.handle(request)
        except ClientGone:
            return api.name if api else "none", None
        except Exception:
            logger.exception("request failed", method=request.head.method, path=request.head.path)
            return (api.name, api.broken()) if api else ("none", BROKEN)
