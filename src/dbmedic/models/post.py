"""As much of an HTTP/1.1 client as a streamed reply needs: one kind of request, kept connections, bytes as they come.

Half of what a general client costs per request and per piece (`bench/load.py`).  It follows no redirect, sends no
cookie, decodes no content: what a service answers is for the caller to read.
"""

from __future__ import annotations

import asyncio
import base64
import math
import ssl
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

import httptools

from dbmedic.kit.outgoing import OUTGOING

HIGH_WATER = 1 << 20
"""Bytes that wait for a slow reader before the service is slowed down."""
IDLE_S = 60.0
"""A kept connection that was not used for this long may be half dead: a new one is opened."""


class Lost(ConnectionError):
    """The service hung up, or said what is no HTTP, before its reply was whole."""


class Post:
    """Sends one body after another to one URL, as many at once as there are callers."""

    def __init__(self, url: str, headers: Mapping[str, str], *, connect_s: float, read_s: float) -> None:
        """`read_s`: longest silence within a reply.  An account in the URL signs in, unless a header does."""
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = parts.scheme == "https"
        self._context: ssl.SSLContext | None = None
        self._connect_s, self._read_s = connect_s, read_s
        self._idle: list[Reply] = []
        self._closed = False
        sent = {"Host": parts.netloc.rpartition("@")[2], **headers}
        if parts.username is not None and "Authorization" not in sent:
            account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            sent["Authorization"] = "Basic " + base64.b64encode(account.encode()).decode()
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._head = f"POST {path} HTTP/1.1\r\n{lines}Content-Length: ".encode()

    async def send(self, data: bytes, until: float = math.inf) -> Reply:
        """The reply to a body, once its head is there.  The caller calls `release`, whatever happens.

        `until`: when waiting ends, on the loop's clock, unless the reply is told that it has begun.
        Raises `TimeoutError`, `Lost`, and OSError when no connection can be had.
        """
        request = b"%b%d\r\n%b\r\n%b" % (self._head, len(data), OUTGOING.get(), data)
        while (reply := self._kept()) is not None:
            try:
                return await reply.to(request, until)
            except Lost:
                # The service closed a connection that had been idle while we wrote to it: nothing was read from it.
                if reply.status:
                    raise
        return await (await self._connected()).to(request, until)

    def close(self) -> None:
        """Ends the idle connections; those in use end with their reply.  May be called twice."""
        self._closed = True
        idle, self._idle = self._idle, []
        for reply in idle:
            reply.abort()

    def _keep(self, reply: Reply) -> None:
        if self._closed:
            reply.abort()
        else:
            self._idle.append(reply)

    def _kept(self) -> Reply | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            reply = self._idle.pop()
            if not reply.lost and now - reply.heard < IDLE_S:
                return reply
            reply.abort()
        return None

    async def _connected(self) -> Reply:
        loop = asyncio.get_running_loop()
        if self._tls and self._context is None:
            self._context = await asyncio.to_thread(ssl.create_default_context)
        try:
            async with asyncio.timeout(self._connect_s):
                _, reply = await loop.create_connection(
                    lambda: Reply(loop, self._keep, self._read_s), self.host, self.port, ssl=self._context
                )
        except TimeoutError:
            raise ConnectionError(f"no connection within {self._connect_s:g} s") from None
        return reply


class Reply(asyncio.Protocol):
    """One connection and the reply that comes over it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, keep: Callable[[Reply], None], read_s: float) -> None:
        self.status = 0
        self.reason = ""
        self.headers: dict[str, str] = {}
        """Names in lower case."""
        self.heard = loop.time()
        """When the last bytes came."""
        self.lost = False
        self._loop, self._keep, self._read_s = loop, keep, read_s
        self._transport: asyncio.Transport
        self._ended = self._silent = self._paused = self._reusable = False
        self._parts: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._until = math.inf

    # -- for whoever reads ------------------------------------------------------------------------------------------

    async def to(self, request: bytes, until: float = math.inf) -> Reply:
        """Itself, once the head of the reply to this request is there; `until` as in `Post.send`."""
        self._parser = httptools.HttpResponseParser(self)
        self.status, self.reason, self.headers = 0, "", {}
        self._ended = self._silent = False
        self._parts, self._size = [], 0
        self.heard = now = self._loop.time()
        self._until = until
        self._watch = self._loop.call_at(min(now + self._read_s, until), self._look)
        try:
            self._transport.write(request)
            while not self.status:
                await self._more()
        except BaseException:
            self.abort()
            raise
        return self

    def begun(self) -> None:
        """From now on only silence ends the waiting."""
        self._until = math.inf

    async def data(self) -> bytes:
        """What came since the last call, waiting for some; empty at the end.  Raises `Lost`, `TimeoutError`."""
        while not self._parts:
            if self._ended:
                return b""
            await self._more()
        parts, self._parts, self._size = self._parts, [], 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    @property
    def at_end(self) -> bool:
        """No more comes and all was read."""
        return self._ended and not self._parts

    def release(self) -> None:
        """Keeps the connection for the next request when the reply is over, else ends it."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._ended and not self.lost and not self._paused and self._reusable:
            self._keep(self)
        else:
            self.abort()

    def abort(self) -> None:
        """Ends the connection now; may be called twice."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._transport.abort()

    async def _more(self) -> None:
        if self._silent:
            raise TimeoutError
        if self.lost:
            raise Lost
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _look(self) -> None:
        """One timer for a whole reply: it looks how long the silence is, and comes again when it may be too long."""
        if self._ended:
            return
        now, ends = self._loop.time(), min(self.heard + self._read_s, self._until)
        if ends <= now and self._waiter is not None:
            self._silent = True
            self._wake()
        else:  # nobody waits while what came is still worked on
            self._watch = self._loop.call_at(ends if ends > now else now + self._read_s, self._look)

    # -- what the transport calls -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self.heard = self._loop.time()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.lost = True
            self._transport.abort()
        if self._size > HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True
        if self.status and "content-length" not in self.headers and "transfer-encoding" not in self.headers:
            self._ended = True  # a reply of no given length ends with its connection
        self._wake()

    # -- what the parser calls --------------------------------------------------------------------------------------

    def on_status(self, reason: bytes) -> None:
        self.reason = reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200:
            self.status = status
            self._reusable = self._parser.should_keep_alive()
        else:
            self.headers = {}

    def on_body(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)

    def on_message_complete(self) -> None:
        self._ended = self.status != 0
