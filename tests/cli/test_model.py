"""`dbmedic model`: the models of the settings file, asked over real HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from models.script import Delta, Refuse, call, end, playing, text

KEY = "sk-very-secret"


def dbmedic(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {"DBMEDIC_DATA": str(folder), "PATH": "/usr/bin", "A_KEY": KEY}
    return subprocess.run(
        [sys.executable, "-m", "dbmedic", "model", *words], capture_output=True, text=True, env=environ, check=False
    )


def settings(folder: Path, url: str) -> None:
    (folder / "dbmedic.toml").write_text(
        f"""\
[[models]]
name = "main"
model = "qwen3-max"
url = "{url.replace("://", "://me:hidden@")}"
key = "env:A_KEY"
context_window = 131072
thinking = ["low", "high"]
fallback = "spare"

[[models]]
name = "spare"
url = "http://127.0.0.1:9/v1"
timeout_s = 0.5
"""
    )


async def test_the_models_are_listed_without_their_keys(tmp_path):
    settings(tmp_path, "http://127.0.0.1:8/v1")
    done = dbmedic(tmp_path, "list")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["NAME", "main", "spare"]
    assert "131072" in done.stdout
    assert "spare analyst" in done.stdout
    assert KEY not in done.stdout
    assert "hidden" not in done.stdout


async def test_a_check_says_who_answers_and_what_it_can_do(tmp_path):
    import anyio

    word = [Delta({"reasoning_content": "hm"}), *text("ready"), *end(prompt=9)]
    async with playing(word, [*call("ping", '{"word": "ready"}', id="k1"), *end("tool_calls")]) as script:
        settings(tmp_path, script.url)
        done = await anyio.to_thread.run_sync(dbmedic, tmp_path, "check", "--json")
        assert done.returncode == 1
        main, spare = json.loads(done.stdout)["models"]
        assert (main["problem"], main["counts"], main["thinks"], main["tools"]) == ("", True, True, True)
        assert "could not be reached" in spare["problem"]
        assert [asked["model"] for asked in script.asked] == ["qwen3-max"] * 2
        assert script.headers[0]["Authorization"] == f"Bearer {KEY}"
        script.plays = [[Refuse(401, {"error": {"message": f"bad key {KEY}"}})]]
        refused = await anyio.to_thread.run_sync(dbmedic, tmp_path, "check", "main")
    assert refused.returncode == 1
    assert refused.stdout.startswith("main: model main at 127.0.0.1:")
    assert KEY not in done.stdout + refused.stdout + refused.stderr


async def test_a_fallback_that_is_not_there_is_refused(tmp_path):
    settings(tmp_path, "http://127.0.0.1:8/v1")
    file = tmp_path / "dbmedic.toml"
    file.write_text(file.read_text().replace('fallback = "spare"', 'fallback = "sparse"'))
    done = dbmedic(tmp_path, "list")
    assert done.returncode == 2
    assert "fallback 'sparse' of 'main' is none of: spare" in done.stderr
