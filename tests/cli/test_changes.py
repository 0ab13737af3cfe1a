"""`dbmedic changes` on a folder with a history."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dbmedic.assistant.history import open_keeper
from dbmedic.cli.main import dbmedic
from dbmedic.cli.verbs.changes import window_of
from dbmedic.core.errors import BadField
from dbmedic.store.sqlite import open_store

NOW = datetime.now(UTC)


def call(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(dbmedic, [*words, "--data", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with an instance whose work_mem was changed an hour ago."""
    made = CliRunner().invoke(
        dbmedic, ["instance", "add", "shop", "postgresql://u:p@127.0.0.1:1/d", "--data", str(tmp_path), "--no-check"]
    )
    assert made.exit_code == 0, made.output
    return tmp_path


def sampled(folder: Path) -> None:
    async def fill() -> None:
        from dbmedic.core.history import Kept

        store = await open_store(folder / "store.db")
        keeper = await open_keeper(store, "default", "shop", now=NOW - timedelta(days=2))
        await keeper.put("vitals", Kept(NOW - timedelta(days=2), 0, {"connections": (4.0, 4.0)}))
        await keeper.put_state("settings", NOW - timedelta(days=2), {"work_mem": "4MB"})
        await keeper.put_state("settings", NOW - timedelta(hours=1), {"work_mem": "64kB"})
        await store.close()

    asyncio.run(fill())


def test_what_changed_is_told(folder: Path) -> None:
    sampled(folder)
    told = call(folder, "changes", "shop")
    assert told.exit_code == 0, told.output
    assert "What changed since" in told.output
    assert "- Setting `work_mem`: 4MB → 64kB, from about" in told.output
    chinese = call(folder, "changes", "shop", "--since", "最近3小时")
    assert "参数 `work_mem`：4MB → 64kB" in chinese.output


def test_as_json(folder: Path) -> None:
    sampled(folder)
    told = json.loads(call(folder, "changes", "shop", "--json").output)
    assert [one["values"]["kind"] for one in told["changes"]] == ["setting"]


def test_what_was_never_sampled_says_so(folder: Path) -> None:
    told = call(folder, "changes", "shop")
    assert told.exit_code == 1
    assert "was never sampled" in told.output


def test_times_are_words_or_dates() -> None:
    assert window_of("2026-01-02T03:00", "Asia/Shanghai").start.astimezone(UTC).hour == 19
    assert (window_of("last 30 minutes", "UTC").end - window_of("last 30 minutes", "UTC").start).seconds >= 1799
    for wrong in ("soon", "2999-01-01"):
        with pytest.raises(BadField):
            window_of(wrong, "UTC")
