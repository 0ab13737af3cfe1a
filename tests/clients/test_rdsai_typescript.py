"""The TypeScript SDK streams ChatMessages; where npm cannot have its packages, these tests are skipped aloud."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients.aliyun import Cloud, called, cloud

HERE = Path(__file__).parent / "node"
QUESTION = "实例rm-bp1 磁盘使用率 a+b*~c/d?&='()!,是否需要扩容 😀"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program beside its packages."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("no npm on this machine")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "chat_messages.cjs"):
        shutil.copy(HERE / name, folder)
    words = [
        npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--fetch-retries=1",
        "--fetch-timeout=20000",
    ]
    done = subprocess.run(words, cwd=folder, capture_output=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install the TypeScript core: {done.stderr.decode()[-200:]}")
    return folder / "chat_messages.cjs"


async def events(program: Path, here: Cloud, secret: str = "") -> list[dict[str, Any]]:
    endpoint = here.url.removeprefix("http://")
    words = ["node", str(program), endpoint, here.key.access_key_id, secret or here.key.access_key_secret, QUESTION]
    done = await called(lambda: subprocess.run(words, capture_output=True, timeout=60, check=False))
    assert not done.stderr, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_it_streams(program: Path) -> None:
    async with cloud() as here:
        heard = await events(program, here)
        assert [one["body"]["Event"] for one in heard] == [
            "workflow_started", "message", "message", "message_end", "workflow_finished",
        ]  # fmt: skip
        text = "".join(one["body"].get("Answer", "") for one in heard)
        assert text == "磁盘使用率为 23 %,暂不需要扩容。"
        assert here.parts.models["script"].requests[0].question.text == QUESTION  # type: ignore[attr-defined]


async def test_it_hears_why_it_is_refused(program: Path) -> None:
    async with cloud() as here:
        (heard,) = await events(program, here, "wrong")
        assert heard["code"] == "SignatureDoesNotMatch"
