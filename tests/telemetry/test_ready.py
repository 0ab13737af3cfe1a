"""`/ready` says what keeps a server from its work, and `dbmedic health` says it on."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.playing import Script
from dbmedic.app import Parts, build
from dbmedic.bus.redis import Redis
from dbmedic.cli.verbs.health import asked
from dbmedic.config import Config
from dbmedic.core.values import Text
from dbmedic.telemetry import ready
from dbmedic.telemetry.gauges import look
from fix_servers import private_redis
from telemetry.serving import serving
from telemetry.test_metrics import scraped


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    made = await build(Config(data=tmp_path))
    assert made.folder is not None
    await made.folder.lock()
    yield made
    made.folder.unlock()
    await made.close()


async def unready(parts: Parts) -> dict[str, str]:
    return await ready.Ready(parts.folder, parts.store, parts.assistant.turns)()


async def test_with_everything_in_place_nothing_is_wrong(parts: Parts) -> None:
    assert await unready(parts) == {}


async def test_a_full_disk_is_said_with_what_is_needed(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "ROOM_BYTES", 1 << 60)
    assert (await unready(parts))["disk"].endswith(f"bytes free, at least {1 << 60} are needed")


async def test_a_server_that_ends_takes_no_more_turns_and_says_so(parts: Parts) -> None:
    await parts.assistant.turns.end(0)
    assert await unready(parts) == {"turns": "no new ones are taken: the server ends"}


async def test_a_server_that_was_told_to_end_was_still_called_ready_for_a_second(parts: Parts) -> None:
    asking = ready.Ready(parts.folder, parts.store, parts.assistant.turns)
    assert await asking() == {}
    await parts.assistant.turns.end(0)
    assert (await asking()).keys() == {"turns"}


async def test_a_store_that_is_closed_is_said(parts: Parts) -> None:
    await parts.store.close()
    assert "closed" in (await unready(parts))["store"]


async def test_a_bus_that_is_away_is_said_and_one_that_answers_is_not(parts: Parts) -> None:
    with private_redis() as server:
        bus = Redis(server.url, "r1")
        turns = parts.assistant.turns
        assert await ready.Ready(parts.folder, parts.store, turns, bus)() == {}
    wrong = await ready.Ready(parts.folder, parts.store, turns, bus)()
    await bus.close()
    assert wrong.keys() == {"bus"}
    assert wrong["bus"].startswith("not reached")


async def test_a_store_that_is_gone_does_not_keep_the_counts_from_whoever_scrapes(parts: Parts) -> None:
    assistant, meters = parts.assistant, parts.ops.meters
    await parts.store.close()
    await look(meters, assistant.turns, parts.sampler, parts.store)
    assert b"dbmedic_running_turns 0.0" in meters.text()


async def test_many_who_ask_at_once_cost_one_look_and_being_alive_costs_none(tmp_path: Path) -> None:
    async with serving(tmp_path, Script((Text("Yes."),)), sample=False) as (client, _):
        before = (await scraped(client)).get("dbmedic_store_writes_total", {}).get(("ok",), 0)
        answers = await asyncio.gather(*(client.call("GET", "/ready") for _ in range(20)))
        await asyncio.gather(*(client.call("GET", "/health") for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        assert (await scraped(client))["dbmedic_store_writes_total"]["ok",] == before + 1


async def test_the_command_asks_a_server_and_says_what_it_said(tmp_path: Path) -> None:
    async with serving(tmp_path, Script((Text("Yes."),)), sample=False) as (client, _):
        address, _, port = client.url.removeprefix("http://").partition(":")
        command = ["health", "--host", "0.0.0.0", "--port", port, "--json"]
        assert address == "127.0.0.1"
        code, said = await ran(*command)
        assert (code, said["status"]) == (0, "ok")
        assert await asyncio.to_thread(asked, f"{client.url}/ready") == (True, {"status": "ready"})
        (tmp_path / "data" / "lock").unlink()
        await asyncio.sleep(1.05)
        code, said = await ran(*command, "--ready")
        assert (code, said["folder"]) == (1, "not locked by this server")
    well, said = await asyncio.to_thread(asked, f"{client.url}/health")
    assert not well
    assert said["status"].startswith("not reached: ")


async def test_what_is_no_dbmedic_is_not_well(tmp_path: Path) -> None:
    async with serving(tmp_path, Script((Text("Yes."),)), sample=False) as (client, _):
        well, said = await asyncio.to_thread(asked, f"{client.url}/nowhere")
    assert not well
    assert said["code"] == "not_found"


async def ran(*words: str) -> tuple[int, dict[str, str]]:
    """`dbmedic` with these words, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dbmedic", *words, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(said)
