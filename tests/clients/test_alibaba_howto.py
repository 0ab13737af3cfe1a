"""The page on the Alibaba Cloud SDKs: its snippets run, its policy is one, its tables say what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.running import Server
from dbmedic.api.aliyun import VERSIONS
from dbmedic.api.aliyun_gate import operations
from dbmedic.kit.policy import parse
from fix_servers import Database

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "alibaba-cloud-sdk.md").read_text(encoding="utf-8")
SNIPPETS = dict(re.findall(r"<!-- run: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("data")) as server:
        yield server


def ran(desk: Server, name: str, folder: Path) -> str:
    key = desk.dbmedic("key", "create", "--ram", "--user", "ci")
    file = folder / f"snippet_{name}"
    file.write_text(SNIPPETS[name], encoding="utf-8")
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONUTF8": "1",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key["access_key_secret"],
        "DBMEDIC_ENDPOINT": desk.url.removeprefix("http://"),
    }
    words = [sys.executable, str(file)] if name.endswith(".py") else ["bash", str(file)]
    done = subprocess.run(words, env=environ, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_snippets_run(desk: Server, postgres: Database, tmp_path: Path) -> None:
    assert SNIPPETS.keys() == {"sse.py", "json.py", "ask.sh"}
    desk.dbmedic("instance", "add", "shop", postgres.url, "--no-check")
    streamed = ran(desk, "sse.py", tmp_path)
    assert "shop" in streamed
    assert any("一" <= letter <= "鿿" for letter in streamed)
    assert ran(desk, "json.py", tmp_path).count("shop") > 1
    frames = ran(desk, "ask.sh", tmp_path)
    assert frames.startswith('id: 1\nevent: message\ndata: {"Event":"workflow_started"')
    assert '"Event":"workflow_finished"' in frames
    assert "shop" in frames


def test_the_policy_is_in_the_format() -> None:
    (document,) = re.findall(r"<!-- policy -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert len(parse(document).statements) == 2


def test_every_operation_is_named() -> None:
    for product in VERSIONS.values():
        for name in operations(product):
            short = re.sub(r"^(Create|Update|Delete|Get|List)(CustomAgent|Skill)$", r"\2", name)
            assert name in PAGE or f"List{short}" in PAGE, name


def test_files_that_the_page_names_exist() -> None:
    root = Path(__file__).parents[2] / "src" / "dbmedic"
    for name in set(re.findall(r"`((?:api|assistant)/[\w/]+\.py)`", PAGE)):
        assert (root / name).exists(), name
