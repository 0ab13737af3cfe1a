"""ChatMessages: both event modes, one object, and the history, from one and the same log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from api.aliyun_playing import STREAMS, parsed, played, streamed
from dbmedic.api.rdsai.projection import Projection
from dbmedic.api.rdsai.whole import message, whole
from dbmedic.core.events import ApprovalDecided, Cited, Entry, TurnResumed
from dbmedic.core.values import Passage
from fix_scenarios import SCENARIOS, kept, live

each_scenario = pytest.mark.parametrize("name", SCENARIOS)
each_mode = pytest.mark.parametrize("mode", ["inline", "separate"])
NAMES = {
    "workflow_started", "agent_thinking", "node_started", "node_finished", "tool_call_started", "tool_call_finished",
    "retriever_resource", "tool_approval", "message", "error", "message_end", "workflow_finished",
}  # fmt: skip


@each_mode
@each_scenario
def test_order_and_ids(name: str, mode: str) -> None:
    frames = parsed(streamed(live(name), STREAMS["rdsai", mode]()))
    kinds = [each["Event"] for each in frames]
    assert set(kinds) <= NAMES
    assert kinds[0] == "workflow_started"
    assert kinds[-1] == "workflow_finished"
    assert kinds[-2] in ("message_end", "error")
    assert kinds.count("workflow_finished") == 1
    ids = {(e["ConversationId"], e["MessageId"], e["Id"], e["TaskId"], e["CreatedAt"], e["RequestId"]) for e in frames}
    assert len(ids) == 1
    assert all(value is not None for each in frames for value in each.values())
    if mode == "inline":
        assert set(kinds) <= {
            "workflow_started", "message", "tool_approval", "error", "message_end", "workflow_finished",
        }  # fmt: skip


@each_scenario
def test_every_tool_is_seen_to_start_and_to_finish(name: str) -> None:
    frames = played(live(name), Projection("separate"))
    calls = {(each.event, each.call_id) for each in frames if each.event.startswith("tool_call")}
    finished = {call for event, call in calls if event == "tool_call_finished"}
    started = {call for event, call in calls if event == "tool_call_started"}
    refused = {each.call_id for each in frames if each.approval_status == "rejected"}
    assert finished == started | refused


@each_mode
@each_scenario
def test_history_is_the_stream_put_together(name: str, mode: Any) -> None:
    streamed_ = "".join(each.answer or "" for each in played(live(name), Projection(mode)) if each.event == "message")
    row = message(kept(live(name)), mode, "like")
    assert row == message(live(name), mode, "like")
    assert (row.answer, row.feedback) == (streamed_, "like")
    assert row.query == live(name)[0].event.question.text
    assert (mode == "separate") == bool(row.events) or not row.events
    object_ = whole(live(name), mode).frame()
    assert object_.event == "error" or object_.answer == streamed_


def test_a_citation_names_its_document_as_people_know_it() -> None:
    opened = live("disk")[0]
    passage = Passage(
        id="s1", library="l1", document="d1", position=1, text="t", score=0.5, library_name="handbook", title="WAL"
    )
    entries = [opened, Entry(opened.turn, 2, opened.at, Cited(call="k1", passage=passage))]
    (frame,) = [one for one in played(entries, Projection("separate")) if one.event == "retriever_resource"]
    (used,) = msgspec.json.decode(frame.answer or "")
    assert (used["Library"], used["Document"]) == ("handbook", "WAL")
    assert "WAL" in "".join(one.answer or "" for one in played(entries, Projection("inline")))


def test_history_says_how_each_turn_ended() -> None:
    found = {name: message(live(name), "inline").generation_status for name in SCENARIOS}
    assert found["disk"] == "finished"
    assert found["stopped_tool"] == "stopped"
    assert found["model_failed"] == found["interrupted"] == "failed"
    assert message(live("disk")[:5], "inline").generation_status == "running"


def test_stored_events_spell_two_keys_in_lower_case() -> None:
    row = msgspec.to_builtins(message(live("disk"), "separate"))
    assert list(row["Events"][0]) == [
        "event", "answer", "ApprovalStatus", "CallId", "ConversationId", "Description", "MessageId", "RoundId",
        "ToolArguments", "ToolName",
    ]  # fmt: skip
    assert row["CreatedAt"] == "1795161600"
    assert [event["event"] for event in row["Events"]] == [
        "agent_thinking", "tool_call_started", "tool_call_finished",
    ]  # fmt: skip


@each_mode
def test_a_pause_for_approval_ends_the_stream_and_is_pending(mode: Any) -> None:
    paused = live("approval_refused")[:7]
    frames = played(paused, Projection(mode))
    assert [each.event for each in frames[-3:]] == ["tool_approval", "message_end", "workflow_finished"]
    assert frames[-3].approval_status == "pending"
    assert message(paused, mode).generation_status == "pending_approval"
    one = whole(paused, mode).frame()
    assert (one.event, one.approval_status, one.tool_name, one.answer) == (
        "tool_approval", "pending", "change", "I can do that.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("granted", "how", "status"),
    [
        (True, "console", "approved"),
        (False, "console", "rejected"),
        (True, "policy", "auto_approved"),
        (False, "policy", "auto_rejected"),
        (False, "expired", "expired"),
    ],
)
def test_a_decision_is_told_and_a_granted_call_starts(granted: bool, how: str, status: str) -> None:
    log = live("approval_refused")[:7]
    decided = ApprovalDecided(call="call_1", granted=granted, by="key-9", how=how)
    resumed = TurnResumed(run="run-2", by="key-9")
    first = log[0].event.run  # type: ignore[union-attr]
    after = (decided,) if how == "policy" else (decided, resumed)
    log += [msgspec.structs.replace(log[-1], event=event) for event in after]
    frames = played(log, Projection("separate"))
    told = next(each for each in frames if each.approval_status not in (None, "pending"))
    assert (told.approval_status, told.task_id) == (status, first if how == "policy" else "run-2")
    assert any(each.event == "tool_call_started" for each in frames) == granted
    assert [each.event for each in frames].count("workflow_finished") == 1


def test_created_at_is_when_the_message_was_made() -> None:
    first = next(iter(Projection().feed(live("disk")[0])))
    assert first.created_at == datetime.fromisoformat("2026-11-20T08:00:00Z").timestamp()
