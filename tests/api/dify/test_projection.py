"""What a turn looks like on the wire, live and afterwards."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dify.playing import frames, streamed, text_of
from dbmedic.api.dify.frames import Error, MessageEnd, WorkflowFinished, WorkflowStarted, Writer
from dbmedic.api.dify.projection import ENDS, Projection
from dbmedic.api.dify.whole import whole
from dbmedic.api.dify.wire import Fault
from dbmedic.core.events import AnswerDelta, Answered, AnswerGrew, CloseReason, TurnClosed
from dbmedic.core.values import Usage
from fix_scenarios import SCENARIOS, golden, kept, listed, live

each_scenario = pytest.mark.parametrize("name", SCENARIOS)
UNIQUE = {"workflow_started", "message_end", "workflow_finished", "error"}


@each_scenario
def test_a_stream_reads_as_it_was_reviewed(name: str) -> None:
    assert streamed(live(name)).decode() == golden("dify", name).read_text()


@each_scenario
def test_live_equals_replayed(name: str) -> None:
    entries = live(name)
    assert whole(entries).message() == whole(kept(entries)).message() == whole(listed(entries)).message()
    try:
        answered = whole(entries).answer()
    except Fault as fault:
        with pytest.raises(Fault, match=re.escape(fault.message)):
            whole(kept(entries)).answer()
    else:
        assert answered == whole(kept(entries)).answer()


@each_scenario
def test_the_blocking_reply_is_what_a_client_puts_together_from_the_stream(name: str) -> None:
    events = frames(streamed(live(name)))
    message = whole(live(name)).message()
    assert text_of(events) == message.answer
    assert events[-1]["event"] in ("workflow_finished", "error")
    finished = next(event for event in events if event["event"] == "workflow_finished")["data"]
    assert finished["outputs"]["answer"] == message.answer
    assert finished["total_tokens"] in (message.total_tokens, 0)
    for end in (event for event in events if event["event"] == "message_end"):
        assert end["metadata"] == json.loads(msgspec.json.encode(whole(live(name)).answer().metadata))


@each_scenario
def test_the_answer_is_all_texts_of_the_model_one_after_the_other(name: str) -> None:
    entries = live(name)
    said = "".join(entry.event.text for entry in entries if isinstance(entry.event, Answered))
    answer = whole(entries).message().answer
    assert answer == said or name == "approval_refused"


@each_scenario
def test_frames_come_in_the_order_that_clients_rely_on(name: str) -> None:
    events = frames(streamed(live(name)))
    kinds = [event["event"] for event in events]
    assert kinds[0] == "workflow_started"
    assert all(kinds.count(kind) <= 1 for kind in UNIQUE)
    if "message_end" in kinds:
        assert kinds[-2:] == ["message_end", "workflow_finished"]
    else:
        assert kinds[-2:] == ["workflow_finished", "error"]
    started = {event["data"]["id"]: event["data"] for event in events if event["event"] == "node_started"}
    finished = {event["data"]["id"]: event["data"] for event in events if event["event"] == "node_finished"}
    assert started.keys() == finished.keys()
    assert sorted(data["index"] for data in started.values()) == list(range(1, len(started) + 1))
    assert len({data["node_id"] for data in started.values()}) == len(started)
    for log in (event["data"] for event in events if event["event"] == "agent_log"):
        assert started[log["node_execution_id"]]["node_id"] == log["node_id"]


@each_scenario
def test_every_frame_names_its_conversation_and_task(name: str) -> None:
    for event in frames(streamed(live(name))):
        keys = list(event)
        kind = event["event"]
        assert keys[:4] == ["event", "conversation_id", "message_id", "created_at"]
        assert ("task_id" in event) == (kind != "error")
        assert ("status" in event) == (kind == "error"), "a top-level status means an error to clients"
        assert ("workflow_run_id" in event) == kind.startswith(("workflow_", "node_", "human_input_"))
        assert kind != "message" or event["id"] == event["message_id"]


@each_scenario
def test_what_a_crash_leaves_is_the_beginning_of_the_answer(name: str) -> None:
    entries = kept(live(name))
    for cut in range(1, len(entries)):
        assert whole(entries).message().answer.startswith(whole(entries[:cut]).message().answer)


@given(st.lists(st.tuples(st.text(max_size=8), st.booleans()), max_size=12))
def test_no_text_is_said_twice_or_lost_however_it_comes(pieces: list[tuple[str, bool]]) -> None:
    """Deltas, what repeats them from time to time, and the whole text at the end."""
    opened, called = live("plain")[:2]
    text = "".join(piece for piece, _ in pieces)
    said, grown, events = 0, 0, []
    for piece, grows in pieces:
        events.append(AnswerDelta(1, piece))
        said += len(piece)
        if grows:
            events.append(AnswerGrew(reply=1, start=grown, text=text[grown:said]))
            grown = said
    entries = [opened, called, *(msgspec.structs.replace(called, event=event) for event in events)]
    assert text_of(frames(streamed(entries))) == text
    entries.append(msgspec.structs.replace(called, event=Answered(reply=1, text=text)))
    assert text_of(frames(streamed(entries))) == text_of(frames(streamed(kept(entries)))) == text


def test_every_way_to_end_has_its_tail() -> None:
    for reason in CloseReason.__args__:
        closed = [*live("plain")[:-1], msgspec.structs.replace(live("plain")[-1], event=_closed(reason))]
        end = frames(streamed(closed))
        finished = next(event for event in end if event["event"] == "workflow_finished")
        assert finished["data"]["status"] == ENDS[reason][0]
        assert (finished["data"]["error"] is None) == (reason == "done")


def test_a_frame_never_spans_lines() -> None:
    for line in streamed(live("long_answer")).split(b"\n"):
        assert line == b"" or line.startswith(b"data: {")


def test_text_is_sent_as_utf8() -> None:
    assert "磁盘使用率为 23 %".encode() in streamed(live("disk"))


def test_frames_of_an_open_turn_are_taken_once() -> None:
    writer = Writer()
    projection = Projection(writer)
    pieces = []
    for entry in live("two_tools"):
        projection.feed(entry)
        pieces.append(writer.take())
    assert b"".join(pieces) == streamed(live("two_tools"))
    assert writer.take() == b""


def test_frame_kinds_have_schemas() -> None:
    """Part of every description of this API that is made from the code."""
    _, parts = msgspec.json.schema_components([WorkflowStarted, MessageEnd, WorkflowFinished, Error])
    assert parts["MessageEnd"]["properties"]["event"] == {"enum": ["message_end"]}


def _closed(reason: CloseReason) -> TurnClosed:
    return TurnClosed(reason=reason, usage=Usage())
