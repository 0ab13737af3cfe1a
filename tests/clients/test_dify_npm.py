"""Every method of the published npm client; where npm cannot have it, these tests are skipped aloud."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients.described import described
from clients.running import Server
from clients.test_dify_client import ANSWER
from models.script import playing

HERE = Path(__file__).parent / "node_dify"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program beside its packages."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("no npm on this machine")
    folder = tmp_path_factory.mktemp("node")
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=20000"]
    done = subprocess.run([npm, *words], cwd=folder, capture_output=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install the Dify client: {done.stderr.decode()[-200:]}")
    return folder / "every_method.mjs"


async def heard(program: Path, server: Server) -> list[dict[str, Any]]:
    words = ["node", str(program), f"{server.url}/v1", server.key()]
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_every_method_gets_what_is_described(program: Path, tmp_path: Path) -> None:
    async with playing(ANSWER, ANSWER, ANSWER) as script:
        with Server(tmp_path, model_url=script.url, model="script") as server:
            answers = await heard(program, server)
            promised = described(server.url)
    for one in answers:
        promised.check(one["method"], one["url"], one["status"], one["type"], one.get("body"))
        for frame in one.get("frames", ()):
            promised.event(frame)
    seen = [(one["call"], one["status"]) for one in answers]
    assert all(one["status"] != 500 for one in answers), server.log.read_text()[-3000:]
    assert seen == [
        ("getApplicationParameters", 401), ("getApplicationParameters", 200), ("fileUpload", 201),
        ("createChatMessage", 200), ("createChatMessage", 200), ("createChatMessage", 400),
        ("getConversationMessages", 200), ("getConversationMessages", 200), ("messageFeedback", 200),
        ("messageFeedback", 200), ("getConversations", 200), ("renameConversation", 200), ("renameConversation", 200),
        ("sendRequest", 200), ("sendRequest", 200), ("deleteConversation", 204), ("getConversationMessages", 404),
        ("createCompletionMessage", 400), ("createCompletionMessage", 400), ("runWorkflow", 400),
    ]  # fmt: skip
    by_call = [(one["call"], one) for one in answers]
    uploaded, blocking, stream = (by_call[place][1] for place in (2, 3, 4))
    assert uploaded["body"]["name"] == "服务器 1.log"
    assert blocking["body"]["answer"] == "All is well."
    assert "".join(frame.get("answer", "") for frame in stream["frames"]) == "All is well."
    assert stream["frames"][-1]["event"] == "workflow_finished"
    newest, before = (by_call[place][1]["body"]["data"] for place in (6, 7))
    assert [row["query"] for row in newest] == ["And again?"]
    assert [row["query"] for row in before] == ["What is in this file? 磁盘 😀"]
    assert by_call[11][1]["body"]["name"] == "事故 7"
    codes = [one["body"]["code"] for one in answers if one["status"] == 400 and "body" in one]
    assert codes == ["invalid_param", "app_unavailable", "app_unavailable", "not_workflow_app"]
