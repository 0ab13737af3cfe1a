"""A whole turn with a language model: the same fold, driver and tools as the analyst's, over a scripted service."""

from contextlib import asynccontextmanager

import apsw
import pytest

from dbmedic import app
from dbmedic.config import Config
from dbmedic.core.events import (
    Answered,
    Event,
    Found,
    Measured,
    ModelCalled,
    ModelFailed,
    ToolCalled,
    ToolReturned,
    TurnClosed,
)
from dbmedic.core.values import Caller, Question
from dbmedic.models import openai_chat
from dbmedic.models.openai_chat import OpenaiChat
from models.script import Refuse, call, end, playing, text

ADMIN = Caller(account="default", user="u", key="k", rights=("ask", "administer"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "shop.db"
    with apsw.Connection(str(path)) as writer:
        list(writer.execute("create table orders(id integer primary key, customer int)"))
    return path


@asynccontextmanager
async def asking(file, *plays):
    """`await ask(text, **question)` -> the turn's events; the script."""
    async with playing(*plays) as script:
        models = {"qwen3": OpenaiChat(script.url, "qwen3")}
        parts = await app.build(Config(data=None), models=models)
        await parts.assistant.instances.add("rm-shop", f"sqlite:///{file}", ADMIN, storage_bytes=1 << 30)

        async def ask(said: str, **fields) -> list[Event]:
            question = Question(text=said, caller=ADMIN, api="test", **fields)
            running = await parts.assistant.turns.ask(question)
            return [entry.event async for entry in running.follow()]

        try:
            yield ask, script
        finally:
            await parts.close()


async def test_what_a_model_asks_is_measured_and_read_back_to_it(file):
    asked = [
        *text("Let me look."),
        *call("measure", '{"instance": "rm-shop", "checks": ["disk-used"]}', id="k1"),
        *end("tool_calls", prompt=100, completion=20),
    ]
    async with asking(file, asked, [*text("The disk is nearly empty."), *end(prompt=200, completion=5)]) as (
        ask,
        script,
    ):
        events = await ask("Is the disk full?", language="en")
    (measured,) = [event.measure for event in events if isinstance(event, Measured)]
    assert (measured.what, measured.instance, measured.values["total"]) == ("disk-used", "rm-shop", 1 << 30)
    assert [event.text for event in events if isinstance(event, Answered)] == [
        "Let me look.",
        "The disk is nearly empty.",
    ]
    assert (events[-1].reason, events[-1].usage.prompt_tokens, events[-1].usage.completion_tokens) == ("done", 300, 25)
    first, second = (request["messages"] for request in script.asked)
    assert [message["role"] for message in first] == ["system", "user"]
    assert "rm-shop · sqlite" in first[0]["content"]
    assert "Answer in English (en)." in first[0]["content"]
    *_, said, result = second
    assert (said["content"], said["tool_calls"][0]["id"]) == ("Let me look.", "k1")
    assert result["tool_call_id"] == "k1"
    assert result["content"].startswith('<data tool="measure">\n')
    assert "disk-used" in result["content"]
    assert {tool["function"]["name"] for tool in script.asked[0]["tools"]} >= {"measure", "diagnose", "query"}


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("measure", '{"instance": "rm-shop", "checks": [', "not_json"),
        ("measure", '{"instance": "rm-shop", "checks": ["no-such-check"]}', "no such check: no-such-check"),
        ("measure", '{"instance": "rm-other", "checks": ["disk-used"]}', "rm-other"),
        ("drop_everything", "{}", "drop_everything"),
        ("query", '{"instance": "rm-shop", "sql": "delete from orders"}', "refused"),
    ],
)
async def test_a_call_that_cannot_be_carried_out_is_explained_to_the_model(file, name, arguments, problem):
    plays = [*call(name, arguments, id="k1"), *end("tool_calls")], [*text("I could not."), *end()]
    async with asking(file, *plays) as (ask, script):
        events = await ask("Is the disk full?")
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert not returned.ok
    assert problem in returned.content
    assert script.asked[1]["messages"][-1]["content"].startswith(f'<data tool="{name}" failed>')
    assert isinstance(events[-1], TurnClosed)
    assert events[-1].reason == "done"
    assert not [event for event in events if isinstance(event, Found)]


async def test_calls_side_by_side_are_answered_in_the_order_they_were_asked(file):
    both = [
        *call("measure", '{"instance": "rm-shop", "checks": ["disk-used"]}', id="slow"),
        *call("instances", "{}", id="quick", index=1),
        *end("tool_calls"),
    ]
    async with asking(file, both, [*text("Done."), *end()]) as (ask, script):
        events = await ask("How are you?")
    assert [event.call for event in events if isinstance(event, ToolCalled)] == ["slow", "quick"]
    assert [message["tool_call_id"] for message in script.asked[1]["messages"][-2:]] == ["slow", "quick"]


async def test_a_follow_up_brings_the_conversation_along(file):
    async with asking(file, [*text("It is fine."), *end()]) as (ask, script):
        opened = (await ask("Is the disk full?"))[0]
        await ask("And its slow queries?", conversation=opened.conversation)
    assert [(message["role"], message["content"]) for message in script.asked[1]["messages"][1:]] == [
        ("user", "Is the disk full?"),
        ("assistant", "It is fine."),
        ("user", "And its slow queries?"),
    ]


async def test_a_model_that_is_down_leaves_the_answer_to_the_analyst(file, monkeypatch):
    monkeypatch.setattr(openai_chat, "BACK_OFF_S", 0.01)
    async with asking(file, [Refuse(503, {"error": {"message": "overloaded"}})]) as (ask, script):
        events = await ask("Is the disk full?")
    assert events[-1].reason == "done"
    (failed,) = [event for event in events if isinstance(event, ModelFailed)]
    assert failed.sentence.endswith("answered 503: overloaded")
    assert failed.will_retry
    called = [(event.reply, event.model) for event in events if isinstance(event, ModelCalled)]
    assert called == [(1, "qwen3"), (1, "analyst"), (2, "analyst")]
    assert len(script.asked) == 3
    first, *_, last = [event.text for event in events if isinstance(event, Answered)]
    assert first.startswith("The model was not reachable; measured without it:")
    assert "1 GiB" in last
