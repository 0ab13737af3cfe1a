"""GetPolarAgent's frames (GetYaoChiAgent's are the same): calls by id, one object, chat records."""

from __future__ import annotations

import json

import pytest

from api.aliyun_playing import REQUEST, SESSION, STREAMS, played
from dbmedic.api.aliyun_agent import Projection, answer_text, whole
from dbmedic.api.aliyun_turn import failure
from fix_scenarios import SCENARIOS, kept, live

each_scenario = pytest.mark.parametrize("name", SCENARIOS)


@each_scenario
def test_every_frame_has_the_ids(name: str) -> None:
    for each in played(live(name), STREAMS["polardb", "agent"]()):
        assert (each.request_id, each.session_id, each.query_id, each.product) == (
            REQUEST, SESSION, live(name)[0].turn, "polardb",
        )  # fmt: skip
        assert each.content is not None


@each_scenario
def test_a_call_is_said_once_per_change_under_one_id(name: str) -> None:
    calls = [call for each in played(live(name), STREAMS["polardb", "agent"]()) for call in each.function_call]
    for id in {call.id for call in calls}:
        states = [call.status for call in calls if call.id == id]
        assert states in (["RUNNING", "success"], ["RUNNING", "failed"])
    assert all(isinstance(json.loads(call.arguments), dict) for call in calls)


@each_scenario
def test_one_object_and_the_record_say_what_was_streamed(name: str) -> None:
    frames = played(live(name), Projection("polardb", SESSION))
    one = whole(frames)
    assert one == whole(played(kept(live(name)), Projection("polardb", SESSION)))
    assert one.content == "".join(each.content or "" for each in frames) == answer_text(kept(live(name)))
    assert len({call.id for call in one.function_call}) == len(one.function_call)


def test_a_failure_is_told_in_the_text_and_as_an_error() -> None:
    assert answer_text(live("model_failed")) == "Let me[error] ServiceUnavailable: qwen-max: no answer for 60 s"
    fault = failure(live("model_failed"))
    assert fault is not None
    assert (fault.code, fault.status) == ("ServiceUnavailable", 503)
    assert failure(live("disk")) is None


def test_conversation_begun_elsewhere_has_its_own_id_as_session() -> None:
    assert played(live("disk"), Projection("polardb"))[0].session_id == live("disk")[0].event.conversation
