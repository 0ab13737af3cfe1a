"""A model whose answer can be told from every other: it says the mark of the question back in many words.

The mark says what else it does: `stop` speaks slowly, `change` first asks for a row in the ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
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
    now: int = 0
    most: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    told: dict[str, str] = field(default_factory=dict)
    """mark -> what the model was told of the change that it had asked for."""
    ended: dict[str, float] = field(default_factory=dict)
    """mark -> when its last word was said."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        messages = (await request.json())["messages"]
        mark = str(next(one["content"] for one in reversed(messages) if one["role"] == "user")).split()[-1]
        told = messages[-1]["content"] if messages[-1]["role"] == "tool" else None
        if told is not None:
            self.told[mark] = str(told)
        self.asked[mark if told is None else f"{mark} after its change"] += 1
        self.now += 1
        self.most = max(self.most, self.now)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            if "change" in mark and told is None:
                await response.write(_chunk(_change(mark)) + _chunk({}, "tool_calls") + b"data: [DONE]\n\n")
                return response
            for word in said(mark).split():
                await response.write(_chunk({"content": f"{word} "}))
                await asyncio.sleep(WORD_S * (SLOWER if "stop" in mark else 1))
            self.ended[mark] = time.monotonic()
            await response.write(_chunk({}, "stop") + b"data: [DONE]\n\n")
        except ConnectionError:
            pass
        finally:
            self.now -= 1  # also when the reader hung up, which cancels this: the turn was stopped, or its replica died
        return response


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
