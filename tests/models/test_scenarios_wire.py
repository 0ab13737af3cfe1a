"""Scenarios of what exactly reaches a model: how much to think, thoughts sent back, transcripts that fit its window."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from dbmedic.models.setting import ModelSetting
from models.script import Delta, Raw, Refuse, call, end, text
from models.stage import FINE, Stage, staged

LOOK = [*call("instances", "{}", id="k1"), *end("tool_calls")]
LEVELS = ("low", "medium", "high")


@pytest.fixture(scope="module")
async def stage(tmp_path_factory) -> AsyncIterator[Stage]:
    setting = ModelSetting(name="main", model="vendor/qwen3", thinking=LEVELS, answer_tokens=512)
    async with staged(tmp_path_factory.mktemp("wire"), setting) as found:
        yield found


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("low", "low"),
        ("high", "high"),
        ("HIGH", "high"),
        ("max", "high"),
        ("minimal", "low"),
        ("on", "medium"),
        ("off", "low"),
        ("sideways", None),
        (None, None),
    ],
)
async def test_how_much_to_think_reaches_the_wire_as_the_nearest_level(stage, asked, sent):
    turn = await stage.turn(FINE, thinking=asked)
    assert turn.asked[0].get("reasoning_effort") == sent
    assert (turn.asked[0]["model"], turn.asked[0]["max_tokens"]) == ("vendor/qwen3", 512)


@pytest.mark.parametrize(
    ("how", "asked", "sent"),
    [
        ("enable_thinking", "high", {"enable_thinking": True}),
        ("enable_thinking", "off", {"enable_thinking": False}),
        ("enable_thinking", "2000", {"enable_thinking": True, "thinking_budget": 2000}),
        ("chat_template", "off", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("none", "high", {}),
    ],
)
async def test_a_service_is_told_to_think_in_its_own_words(tmp_path, how, asked, sent):
    setting = ModelSetting(name="main", thinking=("off", "on"), thinking_as=how)
    async with staged(tmp_path, setting) as stage:
        turn = await stage.turn(FINE, thinking=asked)
    known = {"model", "stream", "messages", "stream_options", "tools"}
    assert {name: value for name, value in turn.asked[0].items() if name not in known} == sent


async def test_a_field_that_a_service_refuses_is_never_sent_again(tmp_path):
    async with staged(tmp_path, ModelSetting(name="main", thinking=LEVELS)) as stage:
        refusal = [Refuse(400, {"error": {"message": "Unknown parameter: reasoning_effort"}})]
        first = await stage.turn(refusal, FINE, thinking="high")
        second = await stage.turn(FINE, thinking="high")
    assert [("reasoning_effort" in asked) for asked in first.asked + second.asked] == [True, False, False]
    assert (first.answer, first.failed) == ("Fine.", [])


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_a_thought_goes_back_with_the_calls_it_led_to_in_the_field_it_came_in(tmp_path, field):
    async with staged(tmp_path) as stage:
        turn = await stage.turn([Delta({field: "First "}), Delta({field: "the list."}), *LOOK], FINE)
        said = turn.asked[1]["messages"][-2]
        assert said[field] == "First the list."
        assert said["tool_calls"][0]["id"] == "k1"
        later = await stage.turn(FINE, said="And now?", conversation=turn.events[0].conversation)
    assert not [message for message in later.asked[0]["messages"] if field in message]


async def test_a_thought_between_tags_does_not_go_back(tmp_path):
    async with staged(tmp_path) as stage:
        turn = await stage.turn([*text("<thi", "nk>First the list.</th", "ink>"), *LOOK], FINE)
    said = turn.asked[1]["messages"][-2]
    assert said.keys() == {"role", "content", "tool_calls"}
    assert "First" not in json.dumps(turn.asked[1]["messages"])
    assert turn.answer == "Fine."


async def test_a_transcript_that_is_too_long_is_shortened_to_what_the_service_says(tmp_path):
    async with staged(tmp_path) as stage:
        said = "This model's maximum context length is 6000 tokens. However, your messages resulted in 90,000 tokens."
        refusal = [Refuse(400, {"error": {"message": said, "code": "context_length_exceeded"}})]
        turn = await stage.turn(refusal, FINE, said="Is this healthy? " + "x" * 60_000)
    first, second = (len(json.dumps(asked["messages"])) for asked in turn.asked)
    assert (first > 60_000, second < 24_000) == (True, True)
    assert "characters cut to fit the model]" in turn.asked[1]["messages"][-1]["content"]
    assert turn.answer == "Fine."


async def test_a_long_conversation_costs_the_same_in_every_turn(tmp_path):
    setting = ModelSetting(name="main", context_window=12_000)
    answer = [*text("The disk is fine. ", "Long reasons. " * 150), *end()]
    sizes = []
    async with staged(tmp_path, setting) as stage:
        conversation = None
        for number in range(14):
            turn = await stage.turn(answer, said=f"Question {number}?", conversation=conversation)
            conversation = turn.events[0].conversation if number == 0 else conversation
            sizes.append(len(json.dumps(turn.asked[0]["messages"])))
        messages = turn.asked[0]["messages"]
    assert max(sizes) < 36_000
    assert sizes[-1] <= max(sizes[:-1]) * 1.02
    assert messages[-1] == {"role": "user", "content": "Question 13?"}
    earlier = [one["content"] for one in messages if one["role"] == "assistant"]
    assert earlier[0] == "The disk is fine. [… shortened]"
    assert earlier[-1].count("Long reasons.") == 150


async def test_usage_and_price_are_those_of_all_replies(stage):
    turn = await stage.turn(
        [*call("instances", "{}", id="k1"), *end("tool_calls", prompt=1000, completion=10)],
        [*text("Fine."), *end(prompt=2000, completion=20)],
    )
    used = turn.end.usage
    assert (used.prompt_tokens, used.completion_tokens, used.currency) == (3000, 30, "USD")
    assert float(used.prompt_price + used.completion_price) == pytest.approx(0.003 + 0.00006)


@pytest.mark.parametrize(
    "play",
    [
        pytest.param([Raw(b'data: {"choices":[{"delta":{"content":"Fi'), Raw(b'ne."}}]}\n\n'), *end()], id="cut frame"),
        pytest.param([Raw(b": comment\r\n\r\n"), *text("Fine."), *end()], id="comments and CRLF"),
        pytest.param([Delta({"content": [{"type": "text", "text": "Fine."}]}), *end()], id="typed parts"),
        pytest.param(
            [Raw(b'{"choices":[{"message":{"content":"Fine."},"finish_reason":"stop"}]}')], id="one JSON body"
        ),
        pytest.param([*text("Fi", "", "ne", "."), Delta({}, "stop")], id="no DONE"),
    ],
)
async def test_an_answer_is_read_however_it_is_framed(stage, play):
    turn = await stage.turn(play)
    assert (turn.answer, turn.end.reason, turn.failed) == ("Fine.", "done", [])
