"""A model whose answer can be told from every other: it says the mark of the question back in many words.

The mark says what else it does: `stop` speaks slowly, `change` first asks for a row in the ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

WORDS = 30
WORD_S = 0.01
SLOWER = 30
INSTANCE = "rm-shop"


def said(mark: str) -> str:
    """What the model answers to the question with this mark."""
    return "".join(f"{mark}-{n} " for n in range(WORDS))


@dataclass
class Echo:
    """Answers with `said`, and counts how many it answers at once."""

    url: str = ""
    now: dict[int, web.Request] = field(default_factory=dict)
    most: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    told: dict[str, str] = field(default_factory=dict)
    """mark -> what the model was told of the change that it had asked for."""
    spoken: dict[str, list[float]] = field(default_factory=dict)
    """mark -> when each word was said."""
    ended: dict[str, float] = field(default_factory=dict)
    """mark -> when its last word was said."""
    late: float = 0.0
    """How many seconds a word was late at most: so far behind is the machine."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        messages = (await request.json())["messages"]
        mark = str(next(one["content"] for one in reversed(messages) if one["role"] == "user")).split()[-1]
        told = messages[-1]["content"] if messages[-1]["role"] == "tool" else None
        if told is not None:
            self.told[mark] = str(told)
        self.asked[mark if told is None else f"{mark} after its change"] += 1
        self.now[id(request)] = request
        if len(self.now) > self.most:
            self.most = max(self.most, sum(map(_listens, self.now.values())))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            if "change" in mark and told is None:
                await response.write(_chunk(_change(mark)) + _chunk({}, "tool_calls") + b"data: [DONE]\n\n")
                return response
            times = self.spoken[mark] = []
            for word in said(mark).split():
                await response.write(_chunk({"content": f"{word} "}))
                times.append(time.monotonic())
                await asyncio.sleep(rest := WORD_S * (SLOWER if "stop" in mark else 1))
                self.late = max(self.late, time.monotonic() - times[-1] - rest)
            self.ended[mark] = time.monotonic()
            await response.write(_chunk({}, "stop") + b"data: [DONE]\n\n")
        except ConnectionError:
            pass
        finally:
            del self.now[id(request)]  # also when the reader hung up, which cancels this
        return response


def _listens(request: web.Request) -> bool:
    """Whether the reader is still there: a turn that was stopped is over before this loop hears that it hung up."""
    connection = None if request.transport is None else request.transport.get_extra_info("socket")
    if connection is None or connection.fileno() < 0:
        return False
    gone = select.poll()
    gone.register(connection, select.POLLRDHUP)
    return not gone.poll(0)


def _change(mark: str) -> dict[str, Any]:
    statement = f"insert into ledger values ('{mark}')"
    args = json.dumps({"instance": INSTANCE, "statement": statement, "purpose": mark})
    return {
        "tool_calls": [{"index": 0, "id": "k1", "type": "function", "function": {"name": "change", "arguments": args}}]
    }


def _chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    said = json.dumps({"id": "e", "object": "chat.completion.chunk", "choices": [choice]})
    return b"data: " + said.encode() + b"\n\n"


@contextlib.asynccontextmanager
async def echoing() -> AsyncIterator[Echo]:
    echo = Echo()
    site = web.Application()
    site.router.add_post("/v1/chat/completions", echo.handle)
    runner = web.AppRunner(site, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    echo.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield echo
    finally:
        await runner.cleanup()
