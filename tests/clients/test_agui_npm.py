"""The published npm client of AG-UI decides an interrupt (with `--long`); skipped aloud where npm cannot have it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from clients.test_agui import indexes, shop
from fix_servers import Database

HERE = Path(__file__).parent / "node_agui"


async def test_the_npm_client_runs_stops_and_goes_on(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Database
) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("with --long")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on this machine")
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    words = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"]
    made = await asyncio.to_thread(subprocess.run, words, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    if made.returncode:
        pytest.skip(f"npm could not install the AG-UI client: {made.stderr.decode()[-200:]}")
    async with shop(postgres) as client:
        words = ["node", "interrupt.mjs", f"{client.http.base_url}".rstrip("/") + "/agui"]
        words.append(await client.key("ask", "approve"))
        done = await asyncio.to_thread(
            subprocess.run, words, cwd=tmp_path, capture_output=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr.decode()
    first, second = map(json.loads, done.stdout.splitlines())
    assert len(first["pending"]) == 1
    assert (first["seen"][0], first["seen"][-1]) == ("RUN_STARTED", "RUN_FINISHED")
    assert second["pending"] == []
    assert [role for role, _ in second["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert "there and valid" in second["messages"][2][1]
    assert indexes(postgres) == ["orders_customer_idx", "orders_pkey"]
