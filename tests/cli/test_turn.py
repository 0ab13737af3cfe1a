"""A turn on the command line, and what a model was told in it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from models.script import Script, end, playing, text


@pytest.fixture
def script() -> Iterator[Script]:
    """A scripted model service in a thread of its own, for the command line has an event loop of its own."""
    ready, over = threading.Event(), asyncio.Event()
    found: list[Script] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with playing([*text("Ask ann@corp.example; it is 99 % full."), *end()]) as playing_:
            found.append(playing_)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(10)
    yield found[0]
    loop.call_soon_threadsafe(over.set)
    thread.join(10)
    loop.close()


def test_a_turn_is_shown_with_what_left_for_the_model(dbmedic, script, tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "shop.db"
    with apsw.Connection(str(file)) as writer:
        list(writer.execute("create table orders (id integer primary key)"))
    monkeypatch.setenv("DBMEDIC_MODEL_URL", script.url)
    monkeypatch.setenv("DBMEDIC_MODEL", "qwen3")
    monkeypatch.setenv("DBMEDIC_WINDOW_S", "0.05")
    dbmedic("instance", "add", "shop", f"sqlite:///{file}")
    asked = dbmedic("ask", "Is the disk full? I am ann@corp.example", "--json")
    turn = json.loads(asked.out.splitlines()[0])["turn"]

    shown = dbmedic("turn", "show", turn)
    assert "Is the disk full? I am ann@corp.example" in shown.out
    assert "diagnose(instance='shop'" in shown.out
    assert "it is 99 % [unmeasured] full" in shown.out
    told = dbmedic("turn", "show", turn, "--model-traffic")
    assert "I am EMAIL_" in told.out
    assert "ann@corp.example" not in told.out.partition("what came back")[0]
    assert "You are dbmedic" in told.out
    as_json = dbmedic("turn", "show", turn, "--model-traffic", "--json").json
    assert [one["model"] for one in as_json["traffic"]] == ["qwen3"]
    assert as_json["traffic"][0]["messages"][1]["text"] == script.asked[0]["messages"][1]["content"]
    assert dbmedic("turn", "show", turn, "--json").json["answer"].startswith("Ask ann@corp.example")


def test_a_turn_that_is_not_there_is_said_to_be_missing(dbmedic) -> None:
    missing = dbmedic("turn", "show", "nothing")
    assert missing.code != 0
    assert "nothing" in missing.err
