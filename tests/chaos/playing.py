"""Replicas behind a balancer, clients that talk through it, and what may not go wrong.

Every question carries a mark, and the model says it back in many words, so each answer can be told from every other.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from chaos.balancer import Balancer, balancing
from clients.running import Server

WORDS = 30
WORD_S = 0.01
GIVE_UP_S = 60.0


def said(mark: str) -> str:
    """What the model answers to the question with this mark."""
    return "".join(f"{mark}-{n} " for n in range(WORDS))


@dataclass
class Echo:
    """A model that answers with `said`, and counts how many it answers at once."""

    url: str = ""
    now: int = 0
    most: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        mark = str(asked["messages"][-1]["content"]).split()[-1]
        self.asked[mark] += 1
        self.now += 1
        self.most = max(self.most, self.now)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            for word in said(mark).split():
                await response.write(_chunk({"content": f"{word} "}))
                await asyncio.sleep(WORD_S * (30 if "stop" in mark else 1))
            await response.write(_chunk({}, "stop") + b"data: [DONE]\n\n")
        except ConnectionError:
            pass
        finally:
            self.now -= 1  # also when the reader hung up, which cancels this: the turn was stopped, or its replica died
        return response


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return (
        b"data: " + json.dumps({"id": "e", "object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"
    )


@dataclass
class Turn:
    """An acknowledged question: its client saw ids of it."""

    mark: str
    message: str
    task: str
    heard: str = ""
    ended: bool = False
    stopped: bool = False


@dataclass
class Tally:
    """What happened, counted."""

    counts: Counter[str] = field(default_factory=Counter)
    turns: list[Turn] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [f"{count:>7}  {name}" for name, count in sorted(self.counts.items())] + self.wrong


class Client:
    """One end user of an app, by the Dify API; asks again where the connection was cut."""

    def __init__(self, number: int, balancer: Balancer, key: str, tally: Tally, chance: random.Random) -> None:
        self.user = f"user-{number}"
        self.conversation = ""
        self._url, self._tally, self._chance = f"{balancer.url}/v1", tally, chance
        self._headers = {"Authorization": f"Bearer {key}", "Connection": "close"}

    async def talk(self, rounds: int, http: aiohttp.ClientSession) -> None:
        for number in range(rounds):
            stops = self._chance.random() < 0.2
            await self._ask(http, number, stops)

    async def _ask(self, http: aiohttp.ClientSession, number: int, stops: bool) -> None:
        until, attempt = time.monotonic() + GIVE_UP_S, 0
        while time.monotonic() < until:
            attempt += 1
            mark = f"{self.user}-{number}-{attempt}{'-stop' if stops else ''}"
            asked = {"query": f"say {mark}", "inputs": {}, "user": self.user, "response_mode": "streaming",
                     "conversation_id": self.conversation}  # fmt: skip
            turn: Turn | None = None
            try:
                async with http.post(f"{self._url}/chat-messages", json=asked, headers=self._headers) as response:
                    if response.status != 200:
                        self._tally.counts[f"asked again after {response.status}"] += 1
                        await asyncio.sleep(0.1)
                        continue
                    async for event in _events(response):
                        if turn is None and event.get("message_id"):
                            turn = Turn(mark, event["message_id"], event["task_id"])
                            self.conversation = event["conversation_id"]
                            self._tally.turns.append(turn)
                        if turn is not None:
                            self._hear(turn, event)
                            if stops and not turn.stopped:
                                await self._stop(http, turn)
            except (aiohttp.ClientError, OSError):
                self._tally.counts["connection cut"] += 1
            if turn is None:
                self._tally.counts["asked again, unacknowledged"] += 1
                continue
            while not turn.ended and time.monotonic() < until:
                await self._take_up(http, turn)
            return
        self._tally.wrong.append(f"{self.user}: no answer within {GIVE_UP_S:g} s")

    async def _take_up(self, http: aiohttp.ClientSession, turn: Turn) -> None:
        """Follows the turn again from its first event, on whichever replica."""
        self._tally.counts["followed again"] += 1
        turn.heard = ""
        place = f"{self._url}/workflow/{turn.task}/events"
        try:
            async with http.get(place, params={"user": self.user}, headers=self._headers) as response:
                async for event in _events(response):
                    self._hear(turn, event)
        except (aiohttp.ClientError, OSError):
            self._tally.counts["connection cut"] += 1
        if not turn.ended:
            await asyncio.sleep(0.1)

    async def _stop(self, http: aiohttp.ClientSession, turn: Turn) -> None:
        place = f"{self._url}/chat-messages/{turn.task}/stop"
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with http.post(place, json={"user": self.user}, headers=self._headers) as response:
                turn.stopped = response.status == 200
                self._tally.counts["stopped"] += turn.stopped

    def _hear(self, turn: Turn, event: dict[str, Any]) -> None:
        if event["event"] == "message":
            turn.heard += event["answer"]
        turn.ended = turn.ended or event["event"] in ("message_end", "workflow_finished")

    async def kept(self, http: aiohttp.ClientSession) -> dict[str, dict[str, Any]]:
        """Messages of the conversation by id."""
        found: dict[str, dict[str, Any]] = {}
        if not self.conversation:
            return found
        params = {"user": self.user, "conversation_id": self.conversation, "limit": "100"}
        async with http.get(f"{self._url}/messages", params=params, headers=self._headers) as response:
            response.raise_for_status()
            for row in (await response.json())["data"]:
                assert row["id"] not in found
                found[row["id"]] = row
        return found


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    async for line in response.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def judged(tally: Tally, kept: dict[str, dict[str, Any]]) -> None:
    """Counts how the turns ended, and names what is lost, doubled or different from what was heard."""
    marks = Counter(row["query"].split()[-1] for row in kept.values())
    tally.wrong += [f"{mark}: kept {count} times" for mark, count in marks.items() if count > 1]
    for turn in tally.turns:
        row = kept.get(turn.message)
        if row is None:
            tally.wrong.append(f"{turn.mark}: acknowledged, and not kept")
            continue
        whole, answer = said(turn.mark), row["answer"]
        if answer.strip() == whole.strip():
            tally.counts["turns that ended well"] += 1
            if turn.stopped:
                tally.wrong.append(f"{turn.mark}: was stopped, and went on to its end")
        elif whole.startswith(answer.strip()):
            tally.counts["turns stopped" if turn.stopped else "turns interrupted"] += 1
        else:
            tally.wrong.append(f"{turn.mark}: kept {answer!r}")
        if turn.ended and turn.heard.strip() != answer.strip():
            tally.wrong.append(f"{turn.mark}: heard {turn.heard!r}, kept {answer!r}")
        if not turn.ended:
            tally.wrong.append(f"{turn.mark}: never ended")


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


class World:
    """The replicas and what is in front of them."""

    def __init__(self, balancer: Balancer, echo: Echo, servers: list[Server]) -> None:
        self.balancer, self.echo, self.servers = balancer, echo, servers

    async def kill(self, number: int) -> None:
        """As a machine that goes away; it comes back with `start`."""
        await asyncio.to_thread(self.servers[number].end, signal.SIGKILL)

    async def start(self, number: int) -> None:
        url = await asyncio.to_thread(self.servers[number].start)
        port = int(url.rpartition(":")[2])
        self.balancer.ports = [*self.balancer.ports, port][-len(self.servers) :]


@contextlib.asynccontextmanager
async def world(folder: Path, store: str, bus: str, *, replicas: int, most: int) -> AsyncIterator[World]:
    async with balancing() as balancer, echoing() as echo:
        shared = {"store": store, "bus": bus, "key": "0" * 64, "lease_s": "2", "max_turns": str(most),
                  "model_url": echo.url, "model": "echo", "sample": "false"}  # fmt: skip
        here = World(balancer, echo, [Server(folder / f"replica-{n}", **shared) for n in range(replicas)])
        try:
            await asyncio.gather(*(here.start(n) for n in range(replicas)))
            yield here
        finally:
            for server in here.servers:
                await asyncio.to_thread(server.end, signal.SIGKILL)


async def play(here: World, clients: int, rounds: int, seed: int) -> Tally:
    """All clients' rounds, at once, then what is kept of them."""
    tally = Tally()
    key = await asyncio.to_thread(here.servers[0].key)
    chance = random.Random(seed)
    people = [Client(n, here.balancer, key, tally, random.Random(chance.random())) for n in range(clients)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as http:
        await asyncio.gather(*(one.talk(rounds, http) for one in people))
        kept: dict[str, dict[str, Any]] = {}
        for one in people:
            kept |= await one.kept(http)
    judged(tally, kept)
    tally.counts["most turns at once"] = here.echo.most
    return tally
