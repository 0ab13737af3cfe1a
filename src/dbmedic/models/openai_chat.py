"""The `Model` port over any OpenAI-compatible service: Ollama, vLLM, DashScope, DeepSeek, OpenAI …

Here are the time limits, the one retry and what is said when all fails.  How bytes travel is in `post.py`, what they
mean in `openai_wire.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec
import structlog

from dbmedic.core.errors import ModelDown
from dbmedic.core.events import ToolCalled
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Piece
from dbmedic.kit.units import seconds_text
from dbmedic.models.openai_wire import Reading, body, trouble
from dbmedic.models.post import Lost, Post, Reply

log = structlog.get_logger("dbmedic.model")

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Answers after which the same request may succeed."""
BACK_OFF_S = 0.5
PATIENCE_S = 10.0
"""A service that asks us to come back later than this is not asked again."""
DRAIN_S = 0.05
"""How long the end of a finished reply is waited for, so that its connection can be used again."""
ERROR_BYTES = 65_536


class OpenaiChat:
    """A language model behind `POST {base}/chat/completions`; its connections are kept alive."""

    def __init__(
        self,
        url: str,
        model: str,
        key: str | None = None,
        *,
        connect_s: float = 5.0,
        read_s: float = 120.0,
        vision: bool = False,
    ) -> None:
        """`url`: the base (`http://host:11434/v1`); without a path, `/v1` is meant.  `read_s`: longest silence."""
        self.name = model
        self.vision = vision
        self._key, self._connect_s, self._read_s = key, connect_s, read_s
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "User-Agent": "dbmedic"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._post = Post(endpoint(url), headers, connect_s=connect_s, read_s=read_s)
        self._service = f"model {model} at {self._post.host}:{self._post.port}"
        self._counts = True
        """Whether the service may be asked for the count of tokens."""

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        """The pieces of one reply.  Raises `ModelDown`; tried twice when nothing was said yet."""
        taken = {event.call for event in request.events if type(event) is ToolCalled}
        for last in (False, True):
            reading, reply, spoke = Reading(self._service, request.reply, taken), None, False
            try:
                reply = await self._replying(request)
                while data := await reply.data():
                    for piece in reading.feed(data):
                        spoke = True
                        yield piece
                    if reading.done:
                        break
                for piece in reading.end():
                    spoke = True
                    yield piece
                if not reply.at_end:
                    await _drained(reply)
                return
            except _Again as again:
                problem, after_s = str(again), again.after_s
                if after_s > PATIENCE_S:
                    raise ModelDown(f"{problem} (come back in {seconds_text(after_s)})") from None
                if last:
                    raise ModelDown(problem) from None
            except ModelDown as down:
                problem, after_s = str(down), BACK_OFF_S
                if last or spoke or reading.finished or reply is None:
                    raise
            except OSError as fault:
                problem, after_s = self._sentence(fault, connected=reply is not None), BACK_OFF_S
                if last or spoke:
                    raise ModelDown(problem) from None
            finally:
                if reply is not None:
                    reply.release()
            log.warning("model asked again", problem=problem, after_s=after_s)
            await asyncio.sleep(after_s)

    async def close(self) -> None:
        """Ends the connections; may be called twice."""
        self._post.close()

    async def _replying(self, request: ModelRequest) -> Reply:
        """The service's answer, when it is a reply.  Raises `_Again`, `ModelDown` and what the network raises."""
        reply = await self._post.send(
            msgspec.json.encode(body(self.name, request, usage=self._counts, vision=self.vision))
        )
        if reply.status == 200:
            return reply
        try:
            said = b""
            while len(said) < ERROR_BYTES and (data := await reply.data()):
                said += data
        finally:
            reply.release()
        try:
            why = trouble(msgspec.json.decode(said))
        except msgspec.DecodeError:
            why = trouble(re.sub(r"<[^>]*>", " ", said.decode("utf-8", "replace")))
        problem = self._without_key(f"{self._service} answered {reply.status}: {why or reply.reason}")
        if reply.status in (400, 422) and self._counts and "stream_options" in why:
            self._counts = False
            raise _Again(problem, 0)
        if reply.status in RETRIED:
            raise _Again(problem, _after_s(reply))
        raise ModelDown(problem)

    def _sentence(self, fault: OSError, *, connected: bool) -> str:
        if isinstance(fault, Lost):
            return f"{self._service} broke off in the middle of its reply"
        if isinstance(fault, TimeoutError):
            if connected:
                return f"{self._service} said nothing for {seconds_text(self._read_s)}"
            return f"{self._service} did not answer within {seconds_text(self._read_s)}"
        if isinstance(fault, ssl.SSLCertVerificationError):
            why = fault.verify_message
        else:
            number = fault.errno or 0
            why = os.strerror(number) if number > 0 else str(fault.strerror or fault)
        return f"{self._service} could not be reached: {why}"

    def _without_key(self, sentence: str) -> str:
        """Some services repeat the key they refuse."""
        return sentence.replace(self._key, "…") if self._key else sentence


class _Again(Exception):
    """The same request may succeed after `after_s`."""

    def __init__(self, problem: str, after_s: float) -> None:
        super().__init__(problem)
        self.after_s = after_s


def endpoint(url: str) -> str:
    """Where replies are asked for, of a base URL, with or without `/v1` and with or without the last part."""
    base = urlsplit(url)
    path = base.path.rstrip("/") or "/v1"
    path = path if path.endswith("/chat/completions") else f"{path}/chat/completions"
    return base._replace(path=path, fragment="").geturl()


def _after_s(reply: Reply) -> float:
    """Seconds the service asks us to wait; our own when it says none, or a date."""
    try:
        return max(0.0, float(reply.headers.get("retry-after", BACK_OFF_S)))
    except ValueError:
        return BACK_OFF_S


async def _drained(reply: Reply) -> None:
    """The end of a reply whose last word is already known."""
    try:
        async with asyncio.timeout(DRAIN_S):
            while await reply.data():
                pass
    except OSError:
        return
