"""Scenarios of a model that uses tools badly: broken arguments, writes, circles, more than it may spend."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from dbmedic.agent.turn import REPLIES
from dbmedic.assistant.accounts import LOCAL
from dbmedic.assistant.budgets import AGAIN, LAST_REPLY, NOW_ANSWER, SAME
from models.script import Delta, call, end, text
from models.stage import FINE, Stage, staged

CALLS = [*end("tool_calls")]


def asks(name: str, arguments: str, **fields) -> list:
    return [*call(name, arguments, **{"id": "k1", **fields}), *CALLS]


@pytest.fixture(scope="module")
async def stage(tmp_path_factory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("tools")) as found:
        yield found


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        pytest.param("measure", '{"instance": "rm-shop", "checks": [', "not_json", id="cut"),
        pytest.param("measure", "instance=rm-shop", "not_json", id="no JSON at all"),
        pytest.param("measure", '["rm-shop"]', "not_json", id="a list"),
        pytest.param("measure", "null", "instance", id="null"),
        pytest.param("measure", '{"instance": "rm-shop", "checks": ["disk-used"], "force": true}', "force", id="more"),
        pytest.param("measure", '{"checks": ["disk-used"]}', "instance", id="less"),
        pytest.param("measure", '{"instance": "rm-other", "checks": ["disk-used"]}', "rm-other", id="another's"),
        pytest.param("drop_everything", "{}", "There is no tool", id="no such tool"),
        pytest.param("", "{}", None, id="no name"),
    ],
)
async def test_arguments_that_cannot_be_are_explained_and_the_turn_goes_on(stage, name, arguments, problem):
    turn = await stage.turn(asks(name, arguments), FINE)
    assert (turn.answer, turn.end.reason) == ("Fine.", "done")
    if problem is None:  # a call without a name is no call: the reply was empty and is asked again
        assert turn.returned == []
        return
    (returned,) = turn.returned
    assert not returned.ok
    assert problem in returned.content
    last = turn.asked[1]["messages"][-1]
    assert (last["role"], last["tool_call_id"]) == ("tool", "k1")
    assert problem in last["content"]


@pytest.mark.parametrize(
    "sql",
    [
        "delete from orders",
        "update orders set customer = 1",
        "drop table orders",
        "alter table orders add column x int",
        "select 1; drop table orders",
        "with gone as (delete from orders returning 1) select * from gone",
        "pragma journal_mode = delete",
        "attach database '/tmp/x.db' as x",
        "vacuum",
    ],
)
async def test_a_write_through_a_reading_tool_is_refused(stage, sql):
    turn = await stage.turn(asks("query", json.dumps({"instance": "rm-shop", "sql": sql})), FINE)
    (returned,) = turn.returned
    assert not returned.ok
    assert turn.answer == "Fine."
    target = await stage.parts.assistant.watch.target("rm-shop", LOCAL)
    assert await target.engine.rows("select count(*) as n from orders") == [{"n": 0}]


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(asks("instances", "{}", pieces=2), id="in pieces"),
        pytest.param(asks("instances", "{}", id=""), id="without an id"),
        pytest.param(asks("instances", "{}", index=None), id="without an index"),
        pytest.param([Delta({"reasoning": "hm"}), *asks("instances", "{}")], id="behind a thought"),
        pytest.param([*text("<think>hm</think>\n", "Look."), *asks("instances", "{}")], id="behind tags"),
        pytest.param(asks("instances", ""), id="no arguments"),
        pytest.param(asks("instances", '"{}"'), id="arguments in a string"),
        pytest.param(
            [
                Delta({"tool_calls": [{"id": "k1", "function": {"name": "instances", "arguments": {}}}]}),
                *CALLS,
            ],
            id="arguments as an object",
        ),
        pytest.param([*call("instances", "{}", id="k1"), *end("stop")], id="finished as a text"),
    ],
)
async def test_a_call_is_understood_however_a_service_sends_it(stage, play):
    turn = await stage.turn(play, FINE)
    (returned,) = turn.returned
    assert returned.ok
    assert "rm-shop" in returned.content
    said, result = turn.asked[1]["messages"][-2:]
    assert said["tool_calls"][0]["function"] == {"name": "instances", "arguments": "{}"}
    assert result["tool_call_id"] == said["tool_calls"][0]["id"]
    assert turn.answer.endswith("Fine.")
    assert "hm" not in turn.answer


async def test_the_same_call_is_carried_out_three_times_and_then_refused(stage):
    turn = await stage.turn(*[asks("instances", "{}")] * (SAME + 1), FINE)
    assert [one.ok for one in turn.returned] == [True] * SAME + [False]
    assert turn.returned[-1].content == AGAIN.format(times=SAME)
    assert turn.answer == "Fine."


async def test_a_model_that_turns_in_circles_is_told_to_answer_and_does(stage):
    turn = await stage.turn(*[asks("instances", "{}")] * (SAME + 3), FINE)
    notes = [asked["messages"][-1]["content"] == NOW_ANSWER for asked in turn.asked]
    assert notes == [False] * (SAME + 3) + [True]
    assert turn.asked[-1]["messages"][-1]["role"] == "user"
    assert (turn.answer, turn.called, turn.end.reason) == ("Fine.", ["main"] * (SAME + 4), "done")


async def test_one_that_goes_on_all_the_same_is_answered_for_by_the_analyst(stage):
    turn = await stage.turn(asks("instances", "{}"))
    assert turn.answer.startswith("The model went on calling tools after it was told to answer.")
    assert turn.called[-1] == "analyst"
    assert "1 GiB" in turn.answer
    assert (turn.end.reason, len(turn.asked)) == ("done", SAME + 4)


async def test_ever_new_calls_end_before_the_last_reply(stage):
    plays = [asks("search", json.dumps({"query": f"disk {n}"})) for n in range(REPLIES + 5)]
    turn = await stage.turn(*plays)
    assert len(turn.asked) == LAST_REPLY
    assert (turn.called[-1], turn.end.reason) == ("analyst", "done")


async def test_thirty_calls_side_by_side_are_all_answered(stage):
    calls = [
        step
        for number in range(30)
        for step in call("search", json.dumps({"query": f"disk {number}"}), id=f"c{number}", index=number)
    ]
    turn = await stage.turn([*calls, *CALLS], FINE)
    assert len(turn.returned) == 30
    answered = [message["tool_call_id"] for message in turn.asked[1]["messages"] if message["role"] == "tool"]
    assert answered == [f"c{number}" for number in range(30)]


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        ({"turn_tokens": 100}, "This answer has used the 100 tokens that one turn may take."),
        ({"turn_cost": 0.0001}, "This answer has cost the 0.0001 USD that one turn may cost."),
        ({"day_tokens": 100}, "The 100 tokens that this account may use in a day are spent."),
        ({"day_cost": 0.0001}, "The 0.0001 USD that this account may spend in a day are spent."),
    ],
)
async def test_a_budget_that_is_spent_ends_with_the_analysts_answer(tmp_path, budget, sentence):
    spends = [*call("instances", "{}", id="k1"), *end("tool_calls", prompt=100, completion=20)]
    async with staged(tmp_path, **budget) as stage:
        turn = await stage.turn(spends, FINE)
        assert turn.answer.startswith(f"{sentence} What follows was measured without the model:")
        assert (turn.called[:2], len(turn.asked), turn.end.reason) == (["main", "analyst"], 1, "done")
        (used,) = await stage.parts.assistant.spending.usage(1)
        assert (used.account, used.turns, used.prompt_tokens, used.completion_tokens) == ("default", 1, 100, 20)
        assert f"{used.cost:f}".rstrip("0") == "0.00014"
        second = await stage.turn(FINE)
        assert (second.answer.startswith(sentence), len(second.asked)) == (
            ("day" in next(iter(budget))),
            0 if "day" in next(iter(budget)) else 1,
        )


async def test_the_last_tool_call_of_a_turn_is_followed_by_an_answer(tmp_path):
    calls = [
        step
        for number in range(3)
        for step in call("search", json.dumps({"query": f"disk {number}"}), id=f"c{number}", index=number)
    ]
    async with staged(tmp_path, turn_calls=2) as stage:
        turn = await stage.turn([*calls, *CALLS], FINE)
        assert [one.content.startswith("refused: the 2 tool calls") for one in turn.returned].count(True) == 1
        assert turn.asked[1]["messages"][-1]["content"] == NOW_ANSWER
        assert (turn.answer, turn.end.reason) == ("Fine.", "done")
