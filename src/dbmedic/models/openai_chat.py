"""The `Model` port over any OpenAI-compatible service: Ollama, vLLM, DashScope, DeepSeek, OpenAI …

Here is what waits: the connection, its time limits, the one retry.  What the bytes mean is in `openai_wire.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import structlog
from yarl import URL

from dbmedic.core.errors import ModelDown
from dbmedic.core.events import ToolCalled
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Piece
from dbmedic.kit.units import seconds_text
from dbmedic.models.openai_wire import Reading, body, trouble

log = structlog.get_logger("dbmedic.model")

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Answers after which the same request may succeed."""
BACK_OFF_S = 0.5
PATIENCE_S = 10.0
"""A service that asks us to come back later than this is not asked again."""
DRAIN_S = 0.05
"""How long the end of a finished reply is waited for, so that its connection can be used again."""


class OpenaiChat:
    """A language model behind `POST {base}/chat/completions`.

    One session, opened at the first reply, its connections kept alive.
    """

    def __init__(
        self, url: str, model: str, key: str | None = None, *, connect_s: float = 5.0, read_s: float = 120.0
    ) -> None:
        """`url`: the base (`http://host:11434/v1`); without a path, `/v1` is meant.  `read_s`: longest silence."""
        self.name = model
        self._url, self._key = endpoint(url), key
        self._service = f"model {model} at {self._url.host}:{self._url.port}"
        self._connect_s, self._read_s = connect_s, read_s
        self._session: aiohttp.ClientSession | None = None
        self._counts = True
        """Whether the service may be asked for the count of tokens."""

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        """The pieces of one reply.  Raises `ModelDown`; tried twice when nothing was said yet."""
        taken = {event.call for event in request.events if isinstance(event, ToolCalled)}
        for last in (False, True):
            reading, opened, spoke = Reading(self._service, request.reply, taken), False, False
            try:
                async with self._post(request) as response:
                    opened = True
                    async for data in response.content.iter_any():
                        for piece in reading.feed(data):
                            spoke = True
                            yield piece
                        if reading.done:
                            break
                    for piece in reading.end():
                        spoke = True
                        yield piece
                    await _drained(response)
                    return
            except _Again as again:
                problem, after_s = str(again), again.after_s
                if after_s > PATIENCE_S:
                    raise ModelDown(f"{problem} (come back in {seconds_text(after_s)})") from None
                if last:
                    raise ModelDown(problem) from None
            except ModelDown as down:
                problem, after_s = str(down), BACK_OFF_S
                if last or spoke or reading.finished or not opened:
                    raise
            except (aiohttp.ClientError, OSError) as fault:
                problem, after_s = self._sentence(fault), BACK_OFF_S
                if last or spoke:
                    raise ModelDown(problem) from None
            log.warning("model asked again", problem=problem, after_s=after_s)
            await asyncio.sleep(after_s)

    async def close(self) -> None:
        """Ends the connections; may be called twice."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    @contextlib.asynccontextmanager
    async def _post(self, request: ModelRequest) -> AsyncIterator[aiohttp.ClientResponse]:
        """The service's answer, when it is a reply.  Raises `_Again`, `ModelDown` and what the network raises."""
        if self._session is None:
            self._session = self._opened()
        data = msgspec.json.encode(body(self.name, request, usage=self._counts))
        async with self._session.post(self._url, data=data) as response:
            if response.status == 200:
                yield response
                return
            said = await response.content.read(65536)
            try:
                why = trouble(msgspec.json.decode(said))
            except msgspec.DecodeError:
                why = trouble(re.sub(r"<[^>]*>", " ", said.decode("utf-8", "replace")))
        problem = self._without_key(f"{self._service} answered {response.status}: {why or response.reason}")
        if response.status in (400, 422) and self._counts and "stream_options" in why:
            self._counts = False
            raise _Again(problem, 0)
        if response.status in RETRIED:
            raise _Again(problem, _after_s(response))
        raise ModelDown(problem)

    def _opened(self) -> aiohttp.ClientSession:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_s, sock_read=self._read_s),
        )

    def _sentence(self, fault: Exception) -> str:
        if isinstance(fault, aiohttp.ConnectionTimeoutError):
            return f"{self._service} could not be reached within {self._connect_s:g} s"
        if isinstance(fault, TimeoutError):
            return f"{self._service} said nothing for {self._read_s:g} s"
        if isinstance(fault, aiohttp.ClientConnectorError):
            number = fault.os_error.errno or 0
            why = os.strerror(number) if number > 0 else fault.os_error.strerror or fault.os_error
            return f"{self._service} could not be reached: {why}"
        if isinstance(fault, (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, ConnectionError)):
            return f"{self._service} broke off in the middle of its reply"
        return self._without_key(f"{self._service} failed: {fault}")

    def _without_key(self, sentence: str) -> str:
        """Some services repeat the key they refuse."""
        return sentence.replace(self._key, "…") if self._key else sentence


class _Again(Exception):
    """The same request may succeed after `after_s`."""

    def __init__(self, problem: str, after_s: float) -> None:
        super().__init__(problem)
        self.after_s = after_s


def endpoint(url: str) -> URL:
    """Where replies are asked for, of a base URL, with or without `/v1` and with or without the last part."""
    base = URL(url)
    path = base.path.rstrip("/") or "/v1"
    return base.with_path(path if path.endswith("/chat/completions") else f"{path}/chat/completions", keep_query=True)


def _after_s(response: aiohttp.ClientResponse) -> float:
    """Seconds the service asks us to wait; our own when it says none, or a date."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", BACK_OFF_S)))
    except ValueError:
        return BACK_OFF_S


async def _drained(response: aiohttp.ClientResponse) -> None:
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(DRAIN_S):
            while not response.content.at_eof():
                await response.content.readany()
