"""The server made of all parts: what it says of itself, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest

from agent.playing import Script
from api.dify.desk import Client
from api.dify.playing import frames
from dbmedic.app import build, run
from dbmedic.chosen import chosen_models
from dbmedic.config import Config
from dbmedic.core.errors import FolderTaken, WrongKey
from dbmedic.core.values import Piece, Text

ANSWER = (Text("Yes."),)


@contextlib.asynccontextmanager
async def server(
    data: Path, *replies: Sequence[Piece | Exception | float], **settings: Any
) -> AsyncIterator[tuple[Client, asyncio.Event]]:
    """A client of a running server, and what ends it."""
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    config = Config(data=data, port=0, **settings)
    task = asyncio.create_task(run(config, ready=url.set_result, stop=stop, models={"script": Script(*replies)}))
    await asyncio.wait([task, url], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    beside = await build(config)  # as the command line does, while the server runs
    key = (await beside.assistant.keys.create(app="ops")).secret
    await beside.close()
    try:
        async with aiohttp.ClientSession() as http:
            yield Client(http, url.result(), key), stop
    finally:
        stop.set()
        await task


async def test_a_server_is_alive_and_ready(tmp_path: Path) -> None:
    async with server(tmp_path) as (client, _):
        assert (await client.call("GET", "/health")).body["status"] == "ok"
        ready = await client.call("GET", "/ready")
        assert (ready.status, ready.body) == (200, {"status": "ready"})
        assert (await client.call("POST", "/ready")).status == 405


async def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with server(tmp_path) as (client, _):
        with pytest.raises(FolderTaken, match=str(tmp_path)):
            async with server(tmp_path):
                raise AssertionError("two servers on one folder")
        assert (await client.call("GET", "/ready")).status == 200
    async with server(tmp_path) as (client, _):
        assert (await client.call("GET", "/ready")).status == 200


async def test_a_server_whose_lock_was_taken_away_is_not_ready(tmp_path: Path) -> None:
    async with server(tmp_path) as (client, _):
        (tmp_path / "lock").unlink()
        ready = await client.call("GET", "/ready")
        assert (ready.status, ready.body["folder"]) == (503, "not locked by this server")
        assert (await client.call("GET", "/health")).status == 200


async def test_a_server_whose_store_cannot_be_written_is_not_ready(tmp_path: Path) -> None:
    async with server(tmp_path) as (client, _):
        other = apsw.Connection(str(tmp_path / "store.db"))
        other.execute("begin immediate")
        ready = await client.call("GET", "/ready")
        assert ready.status == 503
        assert ready.body["store"].startswith("not writable")
        other.execute("rollback")
        other.close()
        await asyncio.sleep(1.1)
        assert (await client.call("GET", "/ready")).status == 200


async def test_requests_and_turns_are_counted(tmp_path: Path) -> None:
    async with server(tmp_path, ANSWER) as (client, _):
        await client.ask()
        await client.ask("")
        text = (await client.call("GET", "/metrics")).body
    for line in (
        'dbmedic_http_requests_total{api="dify",operation="chat_messages",status="200"} 1.0',
        'dbmedic_http_requests_total{api="dify",operation="chat_messages",status="400"} 1.0',
        'dbmedic_http_request_seconds_count{api="dify",operation="chat_messages"} 2.0',
        'dbmedic_turns_total{api="dify",reason="done"} 1.0',
        'dbmedic_turn_seconds_count{api="dify"} 1.0',
        "dbmedic_running_turns 0.0",
    ):
        assert f"{line}\n" in text
    assert "process_resident_memory_bytes" in text


async def test_a_turn_under_way_may_finish_before_the_end(tmp_path: Path) -> None:
    reply = (Text("Begun"), 0.5, Text(" and done."))
    async with server(tmp_path, reply) as (client, stop), client.streaming() as response:
        begun = await response.content.readuntil(b'"Begun"')
        stop.set()
        events = frames(begun + await response.content.read())
    assert events[-1]["data"]["outputs"]["answer"] == "Begun and done."
    assert events[-1]["data"]["status"] == "succeeded"


async def test_a_turn_that_takes_too_long_is_interrupted_and_says_so(tmp_path: Path) -> None:
    reply = (Text("Begun"), 60.0)
    async with server(tmp_path, reply, shutdown_s=0.2) as (client, stop), client.streaming() as response:
        begun = await response.content.readuntil(b'"Begun"')
        stop.set()
        events = frames(begun + await response.content.read())
    assert [event["event"] for event in events][-2:] == ["workflow_finished", "error"]
    assert events[-2]["data"]["outputs"]["answer"] == "Begun"
    async with server(tmp_path, ANSWER) as (client, _):
        again = await build(Config(data=tmp_path))
        key = await again.assistant.keys.create(app="ops")
        await again.close()
        reader = Client(client.http, client.url, key.secret)
        (message,) = (await reader.messages(events[0]["conversation_id"])).body["data"]
    assert (message["status"], message["answer"]) == ("error", "Begun")
    assert "ended in the middle" in message["error"]


async def test_a_key_that_is_revoked_beside_the_server_is_refused_at_once(tmp_path: Path) -> None:
    async with server(tmp_path, ANSWER) as (client, _):
        assert (await client.ask()).status == 200
        beside = await build(Config(data=tmp_path))
        for key in await beside.assistant.keys.list():
            await beside.assistant.keys.revoke(key.id)
        await beside.close()
        assert (await client.ask()).status == 401


async def test_a_folder_made_with_another_key_is_refused(tmp_path: Path) -> None:
    await (await build(Config(data=tmp_path))).close()
    with pytest.raises(WrongKey):
        await build(Config(data=tmp_path, key="00" * 32))


async def test_the_settings_choose_who_answers() -> None:
    assert list(chosen_models(Config())) == ["analyst"]
    chosen = chosen_models(Config(model_url="http://127.0.0.1:1/v1", model="qwen-max"))
    assert list(chosen) == ["qwen-max"]
