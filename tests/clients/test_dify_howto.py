"""The page on Dify clients: its snippets run, its draft can be published, its settings exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from clients.running import Server
from dbmedic.assistant import forms
from dbmedic.assistant.published import draft
from dbmedic.config import Config

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "dify-client.md").read_text(encoding="utf-8")
SNIPPETS = dict(re.findall(r"<!-- run: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


def test_the_snippets_run(tmp_path: Path) -> None:
    assert SNIPPETS.keys() == {"ask.py", "ask.sh"}
    said = {}
    with Server(tmp_path) as server:
        environ = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
        environ |= {"DIFY_API_KEY": server.key("helpdesk"), "DIFY_BASE_URL": f"{server.url}/v1"}
        for name, text in SNIPPETS.items():
            file = tmp_path / name
            file.write_text(text, encoding="utf-8")
            words = [sys.executable if name.endswith(".py") else "bash", str(file)]
            done = subprocess.run(words, env=environ, capture_output=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr.decode()
            said[name] = done.stdout.decode()
    assert "log of PostgreSQL" in said["ask.py"]
    assert said["ask.py"].rstrip().endswith("0 USD")
    assert said["ask.sh"].startswith('data: {"event":"workflow_started"')
    assert "CREATE INDEX CONCURRENTLY" in said["ask.sh"]


def test_the_draft_can_be_published() -> None:
    (text,) = re.findall(r"<!-- draft -->\n```toml\n(.*?)```", PAGE, re.DOTALL)
    found = draft(text)
    forms.check(found.form)
    assert [one.variable for one in forms.whole(found.form)] == ["ticket", "instance"]


def test_every_setting_that_it_names_exists() -> None:
    (table,) = re.findall(r"## What depends on settings\n(.*?)\n## ", PAGE, re.DOTALL)
    named = set(re.findall(r"`(\w+)`", table)) - {"prices", "s3"}
    assert {name for name in named if name not in Config.__struct_fields__} == set()
    assert len(named) >= 8
