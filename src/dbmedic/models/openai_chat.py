"""The `Model` port over any OpenAI-compatible service: Ollama, vLLM, DashScope, DeepSeek, OpenAI …

Here are the time limits, the retries and what is said when all fails.  How bytes travel is in `post.py`, what they
mean in `openai_wire.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterator, Callable
from random import random
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog

from dbmedic.core.errors import ModelDown
from dbmedic.core.events import ToolCalled
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Piece, Usage
from dbmedic.kit.units import seconds_text
from dbmedic.models.fit import fit, tokens
from dbmedic.models.openai_wire import Reading, body, trouble
from dbmedic.models.post import Lost, Post, Reply
from dbmedic.models.retry import asked_s, back_off, smaller
from dbmedic.models.setting import ModelSetting, thinking_fields, thought_field

log = structlog.get_logger("dbmedic.model")

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Answers after which the same request may succeed."""
ATTEMPTS = 3
BACK_OFF_S = 0.5
"""Before the second attempt, at most; doubled before each further one."""
PATIENCE_S = 10.0
"""A service that asks us to come back later than this is not asked again."""
DRAIN_S = 0.05
"""How long the end of a finished reply is waited for, so that its connection can be used again."""
ERROR_BYTES = 65_536
OPTIONAL = (
    "stream_options", "reasoning_effort", "enable_thinking", "thinking_budget", "chat_template_kwargs",
    "reasoning_content", "reasoning",
)  # fmt: skip
"""Fields that a service may not know; it is asked again without what its refusal names."""
_TOO_LONG = re.compile(r"context|too (?:long|large|many tokens)|maximum.{0,40}(?:length|tokens)", re.IGNORECASE)


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
        setting: ModelSetting | None = None,
        random: Callable[[], float] = random,
    ) -> None:
        """`url`: the base (`http://host:11434/v1`); without a path, `/v1` is meant.  `read_s`: longest silence.

        A `setting` says the rest: context window, thinking, its name at the service.
        """
        self._setting = setting or ModelSetting(name=model, url=url)
        self.name = model
        self.vision = vision
        self.context_window = self._setting.context_window
        self.thinking = self._setting.thinking
        self._wire_name = self._setting.wire_name
        self._key, self._connect_s, self._read_s, self._random = key, connect_s, read_s, random
        self._first_s = self._setting.first_s or 2 * read_s
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "User-Agent": "dbmedic"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._post = Post(endpoint(url), headers, connect_s=connect_s, read_s=read_s)
        self._service = f"model {model} at {self._post.host}:{self._post.port}"
        self._thought_field = thought_field(self._setting)
        self.priced: Callable[[Usage], Usage] | None = None
        """What adds the price to a usage, once it is known."""
        self._refused: set[str] = set()
        """Fields that the service refused, and is not sent any more."""

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        """The pieces of one reply.  Raises `ModelDown`; tried again, a while, as long as nothing was said.

        A transcript that is too long for the model is shortened, beforehand where its context window is known.
        """
        taken = {event.call for event in request.events if type(event) is ToolCalled}
        began, attempt, window = monotonic(), 0, self.context_window
        while True:
            attempt += 1
            reading, reply, spoke = Reading(self._service, request.reply, taken), None, False
            try:
                reply, pieces = await self._begun(request, reading, window)
                for piece in pieces:
                    spoke = True
                    yield piece
                while not reading.done and (data := await reply.data()):
                    for piece in reading.feed(data):
                        spoke = True
                        yield piece
                for piece in reading.end():
                    spoke = True
                    yield self.priced(piece) if self.priced is not None and isinstance(piece, Usage) else piece
                if not reply.at_end:
                    await _drained(reply)
                self._learn(reading)
                return
            except _Shorter as shorter:
                if window and shorter.window >= window:
                    raise ModelDown(str(shorter)) from None
                window = shorter.window
                continue
            except _Again as again:
                problem, after_s = str(again), again.after_s
                if after_s is not None and after_s > PATIENCE_S:
                    raise ModelDown(f"{problem} (come back in {seconds_text(after_s)})") from None
            except _Refused as refused:
                raise ModelDown(str(refused)) from None
            except ModelDown as down:
                problem, after_s = str(down), None
                if spoke or (reading.finished and not down.will_retry):
                    raise
            except OSError as fault:
                problem, after_s = self._sentence(fault, connected=reply is not None), None
                if spoke:
                    raise ModelDown(problem) from None
            finally:
                if reply is not None:
                    reply.release()
            if attempt >= ATTEMPTS or monotonic() - began > self._read_s:
                raise ModelDown(problem)
            wait_s = back_off(BACK_OFF_S, attempt, after_s, self._random())
            log.warning("model asked again", problem=problem, after_s=wait_s, attempt=attempt)
            await asyncio.sleep(wait_s)

    async def close(self) -> None:
        """Ends the connections; may be called twice."""
        self._post.close()

    async def _begun(self, request: ModelRequest, reading: Reading, window: int) -> tuple[Reply, list[Piece]]:
        """The reply, once something of it was understood, and that.  Raises as `_replying`, and `_Silent`."""
        reply: Reply | None = None
        loop = asyncio.get_running_loop()
        until = loop.time() + self._first_s
        try:
            reply = await self._replying(request, window, until)
            while data := await reply.data():
                if (pieces := reading.feed(data)) or reading.done:
                    reply.begun()
                    return reply, pieces
            return reply, []
        except BaseException as fault:
            if reply is not None:
                reply.release()
            if isinstance(fault, TimeoutError) and loop.time() >= until:
                raise _Silent from None
            raise

    def _learn(self, reading: Reading) -> None:
        """A service that sends thoughts in a field of its own takes them back in it."""
        if reading.thought_field and not self._thought_field and self._setting.thought_back == "auto":
            self._thought_field = reading.thought_field

    def _body(self, request: ModelRequest, window: int) -> dict[str, Any]:
        agent = request.agent.thinking if request.agent is not None else ""
        extra = thinking_fields(self._setting, request.question.thinking or agent)
        if self._setting.answer_tokens:
            extra["max_tokens"] = self._setting.answer_tokens
        return body(
            self._wire_name,
            request,
            usage="stream_options" not in self._refused,
            vision=self.vision,
            messages=fit(request.messages, request.tools, window) if window else None,
            extra={name: value for name, value in extra.items() if name not in self._refused},
            thought_field="" if self._thought_field in self._refused else self._thought_field,
        )

    async def _replying(self, request: ModelRequest, window: int, until: float) -> Reply:
        """The service's answer, when it is a reply.

        Raises `_Again`, `_Shorter`, `_Refused` and what the network raises.
        """
        asked = self._body(request, window)
        reply = await self._post.send(msgspec.json.encode(asked), until)
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
        if reply.status in (400, 422):
            optional = {name for name in OPTIONAL if name in why} - self._refused
            if any(name in asked or name == self._thought_field for name in optional):
                self._refused |= optional
                raise _Again(problem, 0)
        if reply.status in (400, 413, 422) and _TOO_LONG.search(why):
            raise _Shorter(problem, smaller(why, tokens(request.messages, request.tools), window))
        if reply.status in RETRIED:
            raise _Again(problem, asked_s(reply.headers.get("retry-after", "")))
        raise _Refused(problem)

    def _sentence(self, fault: OSError, *, connected: bool) -> str:
        if isinstance(fault, Lost):
            return f"{self._service} broke off in the middle of its reply"
        if isinstance(fault, _Silent):
            return f"{self._service} said nothing for {seconds_text(self._first_s)}"
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

    def __init__(self, problem: str, after_s: float | None) -> None:
        super().__init__(problem)
        self.after_s = after_s


class _Refused(Exception):
    """The same request will fail again."""


class _Silent(TimeoutError):
    """Bytes may have come, but no word."""


class _Shorter(Exception):
    """The request may succeed when it fits into `window` tokens."""

    def __init__(self, problem: str, window: int) -> None:
        super().__init__(problem)
        self.window = window


def endpoint(url: str) -> str:
    """Where replies are asked for, of a base URL, with or without `/v1` and with or without the last part."""
    base = urlsplit(url)
    path = base.path.rstrip("/") or "/v1"
    path = path if path.endswith("/chat/completions") else f"{path}/chat/completions"
    return base._replace(path=path, fragment="").geturl()


async def _drained(reply: Reply) -> None:
    """The end of a reply whose last word is already known."""
    try:
        async with asyncio.timeout(DRAIN_S):
            while await reply.data():
                pass
    except OSError:
        return
