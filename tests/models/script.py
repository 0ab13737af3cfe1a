"""An OpenAI-compatible service that plays a script, over real HTTP.

For tests of whoever talks to a model: each request is answered by the next `Play`, which is a list of steps.  What was
asked is kept in `Script.asked`.  `python tests/models/script.py PORT` serves one endless answer, to try things by hand.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Delta:
    """One chunk with this delta: `{"content": …}`, `{"reasoning_content": …}`, `{"tool_calls": [ … ]}`."""

    delta: dict[str, Any]
    finish: str | None = None


@dataclass(frozen=True)
class Raw:
    """Bytes as they are, flushed at once: a frame cut in two, a comment, broken JSON."""

    data: bytes


@dataclass(frozen=True)
class Wait:
    """Silence."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """The connection ends here, in the middle of the reply."""


@dataclass(frozen=True)
class Refuse:
    """An answer that is no reply; only as the first step."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Step = Delta | Raw | Wait | Cut | Refuse
Play = Sequence[Step]

DONE = Raw(b"data: [DONE]\n\n")


def text(*pieces: str) -> list[Step]:
    return [Delta({"content": piece}) for piece in pieces]


def call(name: str, arguments: str, *, id: str = "", index: int | None = 0, pieces: int = 1) -> list[Step]:
    """A tool call, its arguments in so many pieces."""
    size = max(1, -(-len(arguments) // pieces))
    parts = [arguments[at : at + size] for at in range(0, len(arguments), size)] or [""]
    steps: list[Step] = []
    for number, part in enumerate(parts):
        function = {"name": name, "arguments": part} if number == 0 else {"arguments": part}
        tool = {"index": index, "id": id if number == 0 else None, "type": "function", "function": function}
        steps.append(Delta({"tool_calls": [{key: value for key, value in tool.items() if value is not None}]}))
    return steps


def usage(prompt: int, completion: int) -> Raw:
    tokens = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return Raw(b"data: " + json.dumps({"choices": [], "usage": tokens}).encode() + b"\n\n")


def end(finish: str = "stop", prompt: int = 10, completion: int = 5) -> list[Step]:
    """What a well-behaved service ends with."""
    return [Delta({}, finish), usage(prompt, completion), DONE]


class Script:
    """Plays its plays in order, the last one again and again."""

    def __init__(self, *plays: Play) -> None:
        self.plays = plays
        self.asked: list[dict[str, Any]] = []
        """Bodies of the requests."""
        self.headers: list[dict[str, str]] = []
        self.peers: set[Any] = set()
        """Addresses of the connections that asked."""
        self.left = 0
        """Replies whose reader hung up."""
        self.url = ""
        self._next = itertools.count()

    def rewind(self) -> None:
        """Forgets what was asked; the next request is answered by the first play."""
        self.asked, self.headers, self._next = [], [], itertools.count()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.headers.append(dict(request.headers))
        assert request.transport is not None
        self.peers.add(request.transport.get_extra_info("peername"))
        play = self.plays[min(next(self._next), len(self.plays) - 1)]
        if play and isinstance(first := play[0], Refuse):
            if isinstance(first.body, str):
                return web.Response(status=first.status, text=first.body, headers=first.headers)
            return web.json_response(first.body, status=first.status, headers=first.headers)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            for step in play:
                await self._play(step, response, request)
            await response.write_eof()
        except ConnectionError:
            pass
        except asyncio.CancelledError:
            self.left += 1
            raise
        return response

    async def _play(self, step: Step, response: web.StreamResponse, request: web.Request) -> None:
        match step:
            case Delta(delta=delta, finish=finish):
                chunk = {
                    "id": "chatcmpl-1",
                    "object": "chat.completion.chunk",
                    "created": 1790000000,
                    "model": "script",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
                }
                await response.write(b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n")
            case Raw(data=data):
                await response.write(data)
            case Wait(seconds=seconds):
                await asyncio.sleep(seconds)
            case Cut():
                assert request.transport is not None
                request.transport.abort()
                raise ConnectionAbortedError
            case Refuse():
                raise AssertionError("Refuse is a first step")


@asynccontextmanager
async def playing(*plays: Play, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Script]:
    """A service on a free port; `Script.url` is the base for `DBMEDIC_MODEL_URL`."""
    script = Script(*plays)

    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", script.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    script.url = f"http://{host}:{runner.addresses[0][1]}/v1"
    try:
        yield script
    finally:
        await runner.cleanup()


async def _by_hand(port: int) -> None:
    words = text(*["The", "disk", "of", "rm-demo-shop", "is", "23", "%", "full", ".", ""])
    async with playing([step for word in words for step in (word, Wait(0.05))] + end(), port=port) as script:
        print(script.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_by_hand(int(sys.argv[1])))
