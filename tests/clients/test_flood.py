"""One user's flood of questions, over HTTP against a server process: others wait at most twice as long, nothing grows.

The model is a service that takes its time, as models do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from clients.running import Server

Serve: TypeAlias = Callable[[int], Server]
"""The server that runs so many turns at once."""
RETRIES = 300
"""A second: clients of the flood come again as soon as they like, whatever they are told."""
MIB = 1 << 20


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serve]:
    """Starts servers over one model; those of the same settings are one."""
    running: dict[str, Server] = {}
    async with talker() as url:

        def serve(max_turns: int) -> Server:
            # A slow machine shall not turn away whom a test wants to see let in.
            more = {"max_turns": str(max_turns), "late_s": "30"}
            more["stalled_s"] = "20" if max_turns > 100 else "4"
            if (server := running.get(str(max_turns))) is None:
                folder = tmp_path_factory.mktemp("flood")
                server = running[str(max_turns)] = Server(folder, model_url=url, model="bench", **more)
            if server.process is None:
                server.start()
            return server

        yield serve
        for server in running.values():
            await asyncio.to_thread(server.end)


def resident(server: Server) -> int:
    """Bytes of memory that the server takes."""
    assert server.process is not None
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS:"))) * 1024


@contextlib.asynccontextmanager
async def people(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"authorization": f"Bearer {server.key()}"}
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(server.url, headers=headers, connector=connector, timeout=timeout) as http:
        yield http


async def ask(http: aiohttp.ClientSession, user: str, question: str = "why?") -> tuple[int, float]:
    """Status of a streamed answer, and the seconds to its end."""
    began = time.perf_counter()
    body = {"query": question, "inputs": {}, "user": user, "response_mode": "streaming"}
    async with http.post("/v1/chat-messages", json=body) as response:
        said = await response.read()
        if response.status == 200:
            assert b'"status":"succeeded"' in said, said[-500:]
        else:
            assert json.loads(said)["code"] in ("too_many_requests", "service_unavailable")
            assert int(response.headers["retry-after"]) > 0
        return response.status, time.perf_counter() - began


async def others(http: aiohttp.ClientSession, rounds: int) -> list[float]:
    """How long the questions of four people took, who ask one after another; all must be answered."""

    async def person(name: str) -> list[float]:
        took = []
        for _ in range(rounds):
            status, seconds = await ask(http, name)
            assert status == 200, name
            took.append(seconds)
        return took

    return [seconds for found in await asyncio.gather(*map(person, "abcd")) for seconds in found]


async def test_one_users_flood_leaves_the_others_their_answers(served: Serve, request: pytest.FixtureRequest) -> None:
    long = request.config.getoption("--long")
    flood, turns, rounds = (2000, 32, 12) if long else (60, 16, 2)
    server = served(turns)
    async with people(server) as http:
        await others(http, 1)
        alone, before = await others(http, rounds), resident(server)
        outcomes: Counter[int] = Counter()
        stop = asyncio.Event()

        async def flooding() -> None:
            while not stop.is_set():
                outcomes[(await ask(http, "flood"))[0]] += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), flood / RETRIES)

        tasks = [asyncio.create_task(flooding()) for _ in range(flood)]
        while outcomes[429] + outcomes[503] < flood - turns:
            await asyncio.sleep(0.05)
        crowded = await others(http, rounds)
        grown = resident(server) - before
        stop.set()
        await asyncio.gather(*tasks)
    fair, slow = statistics.median(alone), statistics.median(crowded)
    print(f"alone {fair:.3f} s, in the flood {slow:.3f} s, {dict(outcomes)}, {grown / MIB:.0f} MiB more")
    assert outcomes[200] > turns, "the flood must be there all the time"
    assert outcomes[429] + outcomes[503] >= flood - turns
    assert slow <= 2 * fair + (0 if long else 0.3)
    assert grown < (flood * 64 << 10) + 32 * MIB


async def test_readers_who_read_nothing_cost_little_and_slow_nobody_down(
    served: Serve, request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")
    readers, rounds = (200, 4) if long else (8, 1)
    server = served(400 if long else 16)
    async with people(server) as http:
        await others(http, 1)
        alone, before = await others(http, rounds), resident(server)
        deaf = [await unread(server, http, f"deaf{number}") for number in range(readers)]
        while not (await metrics(http)).get("dbmedic_running_turns"):
            await asyncio.sleep(0.05)
        while (await metrics(http))["dbmedic_running_turns"]:
            await asyncio.sleep(0.1)
        crowded = await others(http, rounds)
        grown = resident(server) - before
        async with asyncio.timeout(60):
            while (found := await metrics(http)).get(STALLED, 0) < readers:
                await asyncio.sleep(0.1)
        while (await metrics(http))['dbmedic_http_open_streams{api="dify"}']:
            await asyncio.sleep(0.1)
        after = resident(server) - before
        for sock in deaf:
            sock.close()
    print(f"{grown / MIB:.0f} MiB for {readers} readers, {after / MIB:.0f} MiB when they are gone", found[STALLED])
    assert found[STALLED] == readers
    assert grown < readers * 5 * MIB // 2 + 48 * MIB, "a turn of 320 kB takes 2 MB while it is told, read or not"
    assert statistics.median(crowded) <= 2 * statistics.median(alone) + (0.3 if long else 1.0)


async def test_a_reader_who_reads_nothing_does_not_keep_the_server_up(
    served: Serve, request: pytest.FixtureRequest
) -> None:
    server = served(400 if request.config.getoption("--long") else 16)
    async with people(server) as http:
        deaf = await unread(server, http, "deaf")
        async with asyncio.timeout(20):
            while not (await metrics(http)).get('dbmedic_http_open_streams{api="dify"}'):
                await asyncio.sleep(0.05)
            while (await metrics(http))["dbmedic_running_turns"]:
                await asyncio.sleep(0.1)
    try:
        assert await asyncio.to_thread(server.end) == 0
    finally:
        deaf.close()


async def test_memory_levels_off_however_many_long_answers_are_told(
    served: Serve, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("with --long: two minutes")
    server, took = served(400), []
    async with people(server) as http:

        async def person(name: str) -> None:
            for _ in range(20):
                assert (await ask(http, name, "at length"))[0] == 200

        for _ in range(10):
            await asyncio.gather(*(person(f"talker{number}") for number in range(10)))
            took.append(resident(server))
    print("MiB after each 200 answers:", *(each // MIB for each in took))
    assert max(took[2:]) < max(took[:2]) + 24 * MIB, "a turn that has ended takes nothing"


@contextlib.asynccontextmanager
async def talker() -> AsyncIterator[str]:
    """A language model that says 20 words in four tenths of a second, or 320 kB when it is asked to talk at length."""

    async def answer(request: web.Request) -> web.StreamResponse:
        at_length = "at length" in await request.text()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(20):
            delta = {"content": "word " * (3200 if at_length else 1)}
            await response.write(b"data: %b\n\n" % json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode())
            await asyncio.sleep(0.02)
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        await response.write(b"data: %b\n\ndata: [DONE]\n\n" % json.dumps(end).encode())
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


STALLED = 'dbmedic_connections_ended_total{why="stalled"}'


async def metrics(http: aiohttp.ClientSession) -> dict[str, float]:
    async with http.get("/metrics") as response:
        lines = [line for line in (await response.text()).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def unread(server: Server, http: aiohttp.ClientSession, user: str) -> socket.socket:
    """A connection that asked for a long answer and reads nothing of it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    url, loop = urlsplit(server.url), asyncio.get_running_loop()
    await loop.sock_connect(sock, (url.hostname, url.port))
    asked = {"query": "at length", "inputs": {}, "user": user, "response_mode": "streaming"}
    body = json.dumps(asked).encode()
    head = f"POST /v1/chat-messages HTTP/1.1\r\nHost: x\r\nAuthorization: {http.headers['authorization']}\r\n"
    more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    await loop.sock_sendall(sock, (head + more).encode() + body)
    return sock
