"""Scenarios of a model that fails: what is asked again, who answers instead, and that nothing is said twice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from dbmedic.models import openai_chat
from models.script import DONE, Cut, Delta, Raw, Refuse, Wait, call, end, text
from models.stage import FINE, KEY, Stage, staged

LOST = {
    "429": [Refuse(429, {"error": {"message": "slow down"}})],
    "429 with a wait": [Refuse(429, {}, {"Retry-After": "0.01"})],
    "429 with a date that is past": [Refuse(429, {}, {"Retry-After": "Sat, 21 Nov 2020 10:00:00 GMT"})],
    "408": [Refuse(408, {})],
    "425": [Refuse(425, {})],
    "500": [Refuse(500, {"error": "oops"})],
    "502 in HTML": [Refuse(502, "<html><h1>Bad gateway</h1></html>")],
    "503": [Refuse(503, {})],
    "504": [Refuse(504, "")],
    "529": [Refuse(529, {"error": {"message": "overloaded"}})],
    "cut at once": [Cut()],
    "cut after a comment": [Raw(b": hello\n\n"), Cut()],
    "an error inside the stream": [Raw(b'data: {"error":{"message":"overloaded"}}\n\n')],
    "a frame that is no JSON": [Raw(b"data: {oops\n\n")],
    "a stream that ends too early": [Raw(b": hello\n\n")],
    "an empty reply": [Delta({}, "stop"), DONE],
    "a blank reply": [*text("  \n"), *end()],
}
REFUSED = {
    "401": [Refuse(401, {"error": {"message": f"Incorrect API key: {KEY}"}})],
    "403": [Refuse(403, {"message": "not in your region"})],
    "404": [Refuse(404, {"error": "model not found"})],
    "400": [Refuse(400, {"detail": "temperature is odd"})],
    "come back in an hour": [Refuse(429, {"message": "quota"}, {"Retry-After": "3600"})],
    "withheld": [Delta({}, "content_filter"), DONE],
    "its tokens spent on nothing": [Delta({}, "length"), DONE],
    "only a thought, then cut": [Delta({"reasoning_content": "hm"}), Wait(0.01), Cut()],
    "comments for ever": [step for _ in range(60) for step in (Raw(b": wait\n\n"), Wait(0.01))],
    "no byte for too long": [Wait(0.6)],
}
BROKEN = {
    "cut": [Wait(0.01), Cut()],
    "an error inside the stream": [Wait(0.01), Raw(b'data: {"error":{"message":"overloaded"}}\n\n')],
    "no JSON": [Wait(0.01), Raw(b"data: {oops\n\n")],
    "silence": [Wait(0.6)],
    "no end": [],
}
PHRASES = {
    "en": "The model was not reachable; measured without it:",
    "zh-CN": "模型无法访问；以下为不使用模型的测量结果：",
    "zh-TW": "無法連線到模型；以下為不使用模型的量測結果：",
    "ja": "モデルに接続できませんでした。モデルを使わずに測定した結果です：",
    "id": "Model tidak dapat dihubungi; hasil ukur tanpa model:",
}


@pytest.fixture(scope="module")
async def stage(tmp_path_factory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("failing")) as found:
        yield found


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(openai_chat, "BACK_OFF_S", 0.002)


@pytest.mark.parametrize("play", [pytest.param(play, id=name) for name, play in LOST.items()])
async def test_what_is_lost_before_a_word_is_asked_again_and_nobody_notices(stage, play):
    turn = await stage.turn(play, FINE)
    assert turn.answer.strip() == "Fine."
    assert (turn.called, turn.failed, turn.end.reason) == (["main"], [], "done")
    assert len(turn.asked) == 2
    assert turn.asked[0] == turn.asked[1]


@pytest.mark.parametrize("play", [pytest.param(play, id=name) for name, play in REFUSED.items()])
async def test_what_stays_refused_is_answered_by_the_next_model(stage, play):
    turn = await stage.turn(play)
    assert turn.answer == "Fine."
    assert turn.called == ["main", "spare"]
    assert [(one.model, one.reply, one.will_retry) for one in turn.failed] == [("main", 1, True)]
    assert KEY not in turn.failed[0].sentence
    assert (turn.end.reason, len(stage.spare.asked)) == ("done", 1)
    assert stage.spare.asked[0]["messages"] == turn.asked[0]["messages"]


async def test_three_attempts_are_enough(stage):
    turn = await stage.turn([Refuse(503, {})])
    assert (len(turn.asked), turn.called, turn.answer) == (3, ["main", "spare"], "Fine.")


@pytest.mark.parametrize("language", PHRASES)
async def test_when_no_model_can_the_analyst_measures_and_says_so(stage, language):
    turn = await stage.turn([Refuse(401, {})], spare=[Refuse(500, {})], language=language)
    assert turn.answer.startswith(PHRASES[language])
    assert "rm-shop" in turn.answer
    assert turn.called[:3] == ["main", "spare", "analyst"]
    assert set(turn.called[3:]) == {"analyst"}
    assert [one.will_retry for one in turn.failed] == [True, True]
    assert turn.end.reason == "done"


@pytest.mark.parametrize("play", [pytest.param(play, id=name) for name, play in BROKEN.items()])
async def test_what_breaks_after_a_word_is_kept_and_never_said_again(stage, play):
    turn = await stage.turn([*text("The disk is"), *play], FINE)
    assert turn.answer == "The disk is"
    assert (turn.called, len(turn.asked), len(stage.spare.asked)) == (["main"], 1, 0)
    assert [one.will_retry for one in turn.failed] == [False]
    assert turn.end.reason == "failed"


async def test_a_model_that_fails_behind_its_tools_leaves_the_rest_to_the_next_for_the_whole_turn(stage):
    asked = [*text("Let me look."), *call("instances", "{}", id="k1"), *end("tool_calls")]
    again = [*call("instances", "{}", id="k1"), *end("tool_calls")]
    stage.spare.plays = []
    turn = await stage.turn(asked, [Refuse(401, {})], spare=again)
    assert turn.called[:3] == ["main", "main", "spare"]
    assert set(turn.called[3:]) <= {"spare", "analyst"}
    assert turn.answer.startswith("Let me look.")
    calls = [one.call for one in turn.returned]
    assert len(calls) == len(set(calls))


async def test_an_analyst_that_takes_over_measures_for_itself_under_ids_of_its_own(stage):
    asked = [*call("instances", "{}", id="k1"), *end("tool_calls")]
    turn = await stage.turn(asked, [Refuse(401, {})], spare=[Refuse(401, {})])
    assert turn.called[:4] == ["main", "main", "spare", "analyst"]
    calls = [one.call for one in turn.returned]
    assert calls[0] == "k1"
    assert all(one.startswith("s") for one in calls[1:])
    assert len(calls) > 1
    assert turn.answer.startswith(PHRASES["en"])
    assert "1 GiB" in turn.answer


async def test_an_answer_that_met_the_limit_of_tokens_is_marked(stage):
    turn = await stage.turn([*text("The disk is"), *end("length")])
    assert (turn.answer, turn.end.reason) == ("The disk is […]", "done")
