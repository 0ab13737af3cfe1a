"""Chat follows the AG-UI protocol: checked with the types of its published package."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from ag_ui.core import Event as AgUiEvent
from pydantic import TypeAdapter

from api.aliyun_playing import STREAMS, parsed, streamed
from dbmedic.api.das.chat import Projection, whole
from fix_scenarios import SCENARIOS, kept, live

each_scenario = pytest.mark.parametrize("name", SCENARIOS)
ADAPTER: TypeAdapter[Any] = TypeAdapter(AgUiEvent)


def events(name: str) -> list[dict[str, Any]]:
    return parsed(streamed(live(name), STREAMS["das", "chat"]()))


@each_scenario
def test_every_event_is_one_of_the_protocol(name: str) -> None:
    for event in events(name):
        fields = {key[0].lower() + key[1:]: value for key, value in event.items()}
        if event["Type"] == "ACTIVITY_DELTA":  # the vendor's own fields stand in for the patch
            fields |= {"messageId": "m", "patch": []}
        read = ADAPTER.validate_python(fields)
        assert read.type.value == event["Type"]


@each_scenario
def test_every_start_has_its_end(name: str) -> None:
    found = events(name)
    kinds = [event["Type"] for event in found]
    assert kinds[0] == "RUN_STARTED"
    assert kinds[-1] == "RUN_FINISHED"
    assert kinds.count("RUN_STARTED") == kinds.count("RUN_FINISHED") == 1
    text: str | None = None
    open_calls, known_calls = set(), set()
    for event in found:
        match event["Type"]:
            case "TEXT_MESSAGE_START":
                assert text is None
                text = event["MessageId"]
            case "TEXT_MESSAGE_CONTENT":
                assert event["MessageId"] == text
                assert event["Delta"]
            case "TEXT_MESSAGE_END":
                assert event["MessageId"] == text
                text = None
            case "TOOL_CALL_START":
                assert text is None
                open_calls.add(event["ToolCallId"])
                known_calls.add(event["ToolCallId"])
            case "TOOL_CALL_END":
                open_calls.remove(event["ToolCallId"])
            case "TOOL_CALL_RESULT":
                assert event["ToolCallId"] in known_calls - open_calls
    assert text is None
    assert not open_calls


@each_scenario
def test_the_users_own_message_comes_first(name: str) -> None:
    start, content, end = events(name)[1:4]
    assert (start["Type"], start["Role"]) == ("TEXT_MESSAGE_START", "user")
    assert content["Delta"] == live(name)[0].event.question.text
    assert start["MessageId"] == content["MessageId"] == end["MessageId"]


def test_text_before_and_after_a_tool_call_are_two_messages() -> None:
    messages = [event["MessageId"] for event in events("follow_up") if event.get("Role") == "assistant"]
    assert len(messages) == len(set(messages)) == 2


def test_summary_comes_before_the_end() -> None:
    found = [each for entry in live("plain") for each in Projection("s", summary="A title").feed(entry)]
    projection = Projection("s", summary="A title")
    found = [each for entry in live("plain") for each in projection.feed(entry)]
    assert [(each.type, each.name, each.value) for each in found[-2:]] == [
        ("CUSTOM", "summary", "A title"),
        ("RUN_FINISHED", None, None),
    ]
    assert all(left.timestamp <= right.timestamp for left, right in pairwise(found))


@each_scenario
def test_one_object_for_the_whole_turn(name: str) -> None:
    def folded(entries: Any) -> Any:
        projection = Projection("s")
        return whole([each for entry in entries for each in projection.feed(entry)])

    one = folded(live(name))
    assert one == folded(kept(live(name)))
    if one.type != "CUSTOM":
        assert (one.type, one.role, one.content) == ("TEXT_MESSAGE_CONTENT", "assistant", one.delta)
