"""A whole server whose store has no room, is locked, or is gone: it is said, nothing is doubled, and it goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
import requests

import fix_servers
from clients.running import Server
from clients.test_dify_client import ANSWER
from dbmedic.cli import servers
from models.script import Step, Wait, end, playing, text

DISK = 40 << 20
SLOW: list[Step] = [*text("Half "), Wait(3), *text("and half."), *end()]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a small disk needs root, and the right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


class Asking:
    """One key, one user, each protocol that the server speaks with a bearer."""

    def __init__(self, server: Server) -> None:
        self.url, self._headers = server.url, {"Authorization": f"Bearer {server.key()}"}

    def dify(self, query: str, mode: str = "blocking") -> requests.Response:
        body = {"query": query, "inputs": {}, "user": "u", "response_mode": mode}
        return requests.post(f"{self.url}/v1/chat-messages", json=body, headers=self._headers, timeout=60)

    def openai(self, query: str) -> requests.Response:
        body = {"model": "dbmedic", "messages": [{"role": "user", "content": query}]}
        return requests.post(f"{self.url}/v1/chat/completions", json=body, headers=self._headers, timeout=60)

    def messages(self) -> list[dict[str, Any]]:
        """All that is kept."""
        listed = self._get("conversations", limit="100")
        return [row for one in listed for row in self._get("messages", conversation_id=one["id"])]

    def ready(self) -> requests.Response:
        return requests.get(f"{self.url}/ready", timeout=30)

    def _get(self, what: str, **query: str) -> list[dict[str, Any]]:
        place = f"{self.url}/v1/{what}"
        answer = requests.get(place, params={"user": "u", **query}, headers=self._headers, timeout=60)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["data"]
        return found


def until(holds: Callable[[], bool], limit_s: float = 30) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


async def test_a_full_disk_is_said_in_each_protocol_and_passes(small_disk: Path) -> None:
    async with playing(ANSWER) as script:
        with Server(small_disk, model_url=script.url, model="script") as server:
            await asyncio.to_thread(_fill_and_free, server, small_disk)
    whole = apsw.Connection(str(small_disk / "store.db"))
    assert whole.execute("pragma integrity_check").get == "ok"
    whole.close()


def _fill_and_free(server: Server, disk: Path) -> None:
    asking = Asking(server)
    assert asking.dify("before").json()["answer"] == "All is well."
    with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(1 << 16)):
            pass
    assert asking.ready().json()["disk"].startswith("0 bytes free")
    long = "why? " * 15_000
    refused: requests.Response | None = None
    kept = ["before"]
    for n in range(40):
        answer = asking.dify(f"{n} {long}")
        if answer.status_code != 200:
            refused = answer
            break
        kept.append(f"{n} {long}"[:20])
    assert refused is not None
    assert refused.json().keys() >= {"code", "message"}
    assert refused.status_code >= 500
    other = asking.openai(long)
    assert other.status_code >= 500
    assert set(other.json()) == {"error"}
    assert "There is no room for our own store to write; nothing of this write was kept." in refused.text
    assert "the disk is full; nothing of this write was kept; free some space" in other.text
    (disk / "filler").unlink()
    until(lambda: asking.ready().status_code == 200)
    assert asking.dify("after").json()["answer"] == "All is well."
    assert sorted(row["query"][:20] for row in asking.messages()) == sorted([*kept, "after"])


async def test_a_store_that_another_process_locks_interrupts_and_doubles_nothing(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("with --long: half a minute")
    async with playing(SLOW) as script:
        with Server(tmp_path, model_url=script.url, model="script") as server:
            asking = Asking(server)
            running = asyncio.create_task(asyncio.to_thread(asking.dify, "while it is locked", "streaming"))
            while not script.asked:
                await asyncio.sleep(0.05)
            other = apsw.Connection(str(tmp_path / "store.db"))
            other.execute("begin immediate")
            refused = await asyncio.to_thread(asking.dify, "refused")
            assert refused.status_code >= 500
            assert "write lock" in refused.text
            assert (await asyncio.to_thread(asking.ready)).status_code == 503
            heard = (await running).text
            await asyncio.sleep(10)
            other.execute("rollback")
            other.close()
            await asyncio.to_thread(until, lambda: asking.ready().status_code == 200)
            await asyncio.to_thread(_settled, asking, heard)


async def test_a_postgresql_that_is_stopped_and_started_interrupts_and_doubles_nothing(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("with --long: half a minute")
    with fix_servers.private_folder() as data:
        binaries, port = servers.system_binaries(), servers.free_port()
        running = await asyncio.to_thread(servers.postgres, data, binaries=binaries, port=port)
        try:
            async with playing(SLOW) as script:
                with Server(tmp_path, store=running.url, key="0" * 64, model_url=script.url, model="script") as server:
                    asking = Asking(server)
                    talking = asyncio.create_task(asyncio.to_thread(asking.dify, "while it is gone", "streaming"))
                    while not script.asked:
                        await asyncio.sleep(0.05)
                    await asyncio.to_thread(running.stop)
                    refused = await asyncio.to_thread(asking.dify, "refused")
                    assert refused.status_code >= 500
                    assert "store" in refused.text
                    assert (await asyncio.to_thread(asking.ready)).status_code == 503
                    heard = (await talking).text
                    await asyncio.sleep(10)
                    running = await asyncio.to_thread(servers.postgres, data, binaries=binaries, port=port)
                    await asyncio.to_thread(until, lambda: asking.ready().status_code == 200)
                    await asyncio.to_thread(_settled, asking, heard)
        finally:
            await asyncio.to_thread(running.stop)


def _settled(asking: Asking, heard: str) -> None:
    """What ran then has ended, once, and the next question is answered."""
    assert "Half" in heard
    answer = asking.dify("after")
    assert answer.status_code == 200, answer.text
    assert answer.json()["answer"] == "Half and half."

    def closed() -> bool:
        rows = asking.messages()
        assert len(rows) == 2, [row["query"] for row in rows]
        (before,) = [row for row in rows if row["query"] != "after"]
        assert "Half and half.".startswith(before["answer"])
        return bool(before["status"] == "error" or before["answer"] == "Half and half.")

    until(closed)
