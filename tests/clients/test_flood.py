"""One user's flood of questions, over HTTP against a server process: others wait at most twice as long, nothing grows.

The model is a service that says a word every so many milliseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from clients.running import Server

UPSTREAM = Path(__file__).resolve().parents[2] / "bench" / "upstream.py"
QUESTION = "tokens=20 pace_ms=20"
"""A turn of four tenths of a second."""
RETRIES = 400
"""A second: clients of the flood come again as soon as they like, whatever they are told."""
MIB = 1 << 20


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """Base URL of the language model."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(UPSTREAM), str(port)])
    try:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


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


async def ask(http: aiohttp.ClientSession, user: str, question: str = QUESTION) -> tuple[int, float]:
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


async def test_one_users_flood_leaves_the_others_their_answers(
    tmp_path: Path, model: str, request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")
    flood, turns, rounds = (2000, 32, 12) if long else (100, 12, 3)
    # Two thousand clients that begin in one moment are late for as long as the machine takes to answer each once.
    more = {"late_s": "5"} if long else {}
    with Server(tmp_path, model_url=model, model="bench", max_turns=str(turns), **more) as server:
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
    assert outcomes[200] > turns
    assert outcomes[429] + outcomes[503] >= flood - turns
    assert slow <= 2 * fair + (0 if long else 0.3)
    assert grown < (flood * 64 << 10) + 32 * MIB
