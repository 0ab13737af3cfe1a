"""Many streams that begin at once: none loses its first or its last event, and the history has every one of them."""

from __future__ import annotations

import asyncio
import json
import resource
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clients.described import described
from clients.running import Server

FEW, MANY = 400, 10_000
FIRST, LAST = "workflow_started", "workflow_finished"


async def stream(http: aiohttp.ClientSession, server: Server, number: int) -> list[dict[str, Any]]:
    """The events of one question, as a client that splits lines hears them."""
    body = {"query": "hello", "inputs": {}, "user": f"u{number}", "response_mode": "streaming"}
    async with http.post(f"{server.url}/v1/chat-messages", json=body) as response:
        assert response.status == 200, await response.text()
        text = (await response.read()).decode()
    return [json.loads(line[6:]) for line in text.split("\n") if line.startswith("data: ")]


async def test_no_stream_loses_its_first_or_its_last_event(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    many = MANY if request.config.getoption("--long") else FEW
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < many + 500:
        pytest.skip(f"{hard} open files are allowed here, {many + 500} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, many + 500), hard))
    with Server(tmp_path, max_turns="10000", turn_s="600") as server:
        promised = await asyncio.to_thread(described, server.url)
        headers = {"Authorization": f"Bearer {server.key()}"}
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=900)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as http:
            heard = await asyncio.gather(*(stream(http, server, number) for number in range(many)))
            kept = []
            for number in range(0, many, many // 20):
                conversation = heard[number][0]["conversation_id"]
                query = {"user": f"u{number}", "conversation_id": conversation}
                async with http.get(f"{server.url}/v1/messages", params=query) as response:
                    kept.append(((await response.json())["data"], heard[number]))
    ends = [(events[0]["event"], events[-1]["event"], events[-1]["data"]["status"]) for events in heard]
    assert set(ends) == {(FIRST, LAST, "succeeded")}
    assert len({events[0]["message_id"] for events in heard}) == many
    answers = {"".join(event.get("answer", "") for event in events) for events in heard}
    assert len(answers) == 1
    for rows, events in kept:
        assert [row["answer"] for row in rows] == list(answers)
        for event in events:
            promised.event(event)
