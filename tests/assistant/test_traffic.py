"""The record of what left for language models: whole, in order, and readable as earlier releases wrote it."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from dbmedic.assistant.secrets import Secrets
from dbmedic.assistant.traffic import MOST_CHARS, TOGETHER_S, Traffic
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Caller, Message, Question, Text
from dbmedic.store.sqlite import Sqlite, open_store

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
QUESTION = Question(text="why?", caller=Caller(account="default", user="u", key="k"), api="test")


@pytest.fixture
async def store() -> AsyncIterator[Sqlite]:
    opened = await open_store(None)
    yield opened
    await opened.close()


def recording(store: Sqlite) -> tuple[Traffic, Secrets]:
    secrets = Secrets(bytes(32), os.urandom)
    return Traffic(store, secrets, now=lambda: AT), secrets


def request(reply: int, *texts: str) -> ModelRequest:
    messages = tuple(Message(role="user", text=text) for text in texts)
    more: dict[str, Any] = {"instances": (), "history": (), "events": (), "tools": ()}
    return ModelRequest(question=QUESTION, messages=messages, reply=reply, now=AT, **more)


async def test_a_reply_that_comes_late_is_kept_with_its_request(store: Sqlite) -> None:
    traffic, _ = recording(store)
    quick, slow = traffic.of("quick"), traffic.of("slow")
    quick.got(quick.sent("m", request(1, "a")), [Text("at once")])
    key = slow.sent("m", request(1, "b"))
    await asyncio.sleep(TOGETHER_S * 3)
    (unanswered,) = await traffic.shown("slow")
    assert unanswered.got is None
    slow.got(key, [Text("la"), Text("ter")])
    (answered,) = await traffic.shown("slow")
    (other,) = await traffic.shown("quick")
    assert answered.messages == unanswered.messages == (Message(role="user", text="b"),)
    assert (answered.got, other.got) == ((Text("later"),), (Text("at once"),))


async def test_requests_of_one_turn_are_put_together_again(store: Sqlite) -> None:
    traffic, _ = recording(store)
    line, said = traffic.of("t"), [["a"], ["a", "b"], ["a", "b", "c"], ["x"]]
    for reply, texts in enumerate(said, 1):
        line.got(line.sent("m", request(reply, *texts)), [Text(str(reply))])
    shown = await traffic.shown("t")
    assert [[one.text for one in each.messages] for each in shown] == said
    assert [each.got for each in shown] == [(Text(str(reply)),) for reply in range(1, 5)]


async def test_a_second_try_is_kept_beside_the_first(store: Sqlite) -> None:
    traffic, _ = recording(store)
    line = traffic.of("t")
    keys = [line.sent("m", request(1, "a")), line.sent("other", request(1, "a"))]
    line.got(keys[1], [Text("yes")])
    assert [(one.model, one.got) for one in await traffic.shown("t")] == [("m", None), ("other", (Text("yes"),))]


@pytest.mark.parametrize("size", [40_000, MOST_CHARS + 5])
async def test_long_ones_are_packed_and_bounded(store: Sqlite, size: int) -> None:
    traffic, _ = recording(store)
    line = traffic.of("t")
    line.sent("m", request(1, "y" * size))
    (shown,) = await traffic.shown("t")
    assert len(shown.messages[0].text) == min(size, MOST_CHARS)
    assert shown.left_out == max(0, size - MOST_CHARS)
    (row,) = await store.read("traffic_of_turn", turn="t")
    assert len(row["sent_sealed"]) < size / 10


async def test_what_an_earlier_release_wrote_as_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await open_store(path)
    try:
        traffic, secrets = recording(store)
        sent = {"same": 0, "messages": [Message(role="user", text="old")], "tools": ["query"]}
        texts = [
            secrets.seal(base64.b64encode(msgspec.json.encode(value)).decode(), f"model_traffic:t:1:1:{name}")
            for name, value in (("sent", sent), ("got", [Text("said")]))
        ]
        connection = apsw.Connection(str(path))
        connection.execute("insert into model_traffic (turn, reply, try, at, model, sent, got) values "
                           "('t', 1, 1, 1, 'm', ?, ?)", texts)  # fmt: skip
        connection.close()
        (shown,) = await traffic.shown("t")
    finally:
        await store.close()
    assert (shown.messages[0].text, shown.tools, shown.got) == ("old", ("query",), (Text("said"),))
