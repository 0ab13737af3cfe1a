"""A language model that costs nothing: an OpenAI-compatible service that streams words as fast as a loop can write.

Each word is a write of its own, as real services send them.  The request says how many and how often: `tokens=200`,
`pace_ms=5` anywhere in its body; with `tool=1` it first calls the tool `instances`.  `python bench/upstream.py PORT`
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from functools import cache
from typing import Any

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
NUMBER = re.compile(rb"(tokens|pace_ms|tool)=(\d+)")


RESULT = re.compile(rb'"role": ?"tool"')


def word(number: int) -> str:
    """Without a digit: numbers are held back until a whole sentence can be checked against what was measured."""
    return f"word{chr(97 + number // 26 % 26)}{chr(97 + number % 26)} "


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1790000000, "model": "bench"}
    return b"data: " + json.dumps({**body, "choices": [choice]}).encode() + b"\n\n"


@cache
def reply(tokens: int) -> tuple[bytes, ...]:
    """The writes of one reply: the first word comes with the head, the usage with the end."""
    usage = {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": tokens}}
    end = chunk({}, "stop") + b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n"
    words = [chunked(chunk({"content": word(number)})) for number in range(tokens)]
    return (HEAD + words[0], *words[1:], chunked(end) + b"0\r\n\r\n")


@cache
def call() -> tuple[bytes, ...]:
    """The writes of a reply that calls a tool."""
    function = {"name": "instances", "arguments": "{}"}
    calls = [{"index": 0, "id": "call_bench", "type": "function", "function": function}]
    usage = {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10}}
    end = chunk({}, "tool_calls") + b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n"
    return HEAD + chunked(chunk({"tool_calls": calls})), chunked(end) + b"0\r\n\r\n"


class Service(asyncio.Protocol):
    """One connection, one request after another."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiting = b""
        self.transport: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        head, found, body = self.waiting.partition(b"\r\n\r\n")
        if not found:
            return
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if length is None or len(body) < int(length[1]):
            return
        self.waiting = b""
        asked = {name: int(value) for name, value in NUMBER.findall(body)}
        calls = b"tool" in asked and RESULT.search(body) is None
        self.say(iter(call() if calls else reply(asked.get(b"tokens", 20))), asked.get(b"pace_ms", 0) / 1000)

    def say(self, writes, pace_s: float) -> None:
        piece = next(writes, None)
        if piece is None or self.transport.is_closing():
            return
        self.transport.write(piece)
        if pace_s:
            self.loop.call_later(pace_s, self.say, writes, pace_s)
        else:
            self.loop.call_soon(self.say, writes, pace_s)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Service, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
