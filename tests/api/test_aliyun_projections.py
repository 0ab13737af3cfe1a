"""What each of the six streams of Alibaba Cloud's products says to each scenario, live and afterwards."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.aliyun_playing import STREAMS, golden, parsed, played, streamed
from dbmedic.api.aliyun_reply import MAX_FRAME_BYTES, frame
from dbmedic.core.events import AnswerDelta, Answered, AnswerGrew, CloseReason, ThoughtDelta, ToolCalled, TurnClosed
from dbmedic.core.values import Usage
from fix_scenarios import SCENARIOS, kept, live

each_scenario = pytest.mark.parametrize("name", SCENARIOS)
each_stream = pytest.mark.parametrize("stream", STREAMS, ids=".".join)
GROWING = ("Answer", "Content", "ReasoningContent", "Delta")
Stream = tuple[str, str]


def merged(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Frames with increments of one text put together, and without the times that differ between live and kept."""
    found: list[dict[str, Any]] = []
    for each in frames:
        rest = {name: value for name, value in each.items() if name not in (*GROWING, "Timestamp", "Metadata")}
        texts = {name: each[name] for name in GROWING if each.get(name)}
        whole = {"FunctionCall", "ToolName", "ToolCallName", "ToolCallError"} & each.keys()
        grows = texts and not whole and rest.get("Type") != "TOOL_CALL_RESULT"
        if grows and found and found[-1][0] == rest and found[-1][1].keys() == texts.keys():
            found[-1] = (rest, {name: found[-1][1][name] + text for name, text in texts.items()})
        else:
            found.append((rest, texts))
    return [rest | texts for rest, texts in found]


@each_scenario
@each_stream
def test_a_stream_reads_as_it_was_reviewed(stream: Stream, name: str) -> None:
    assert streamed(live(name), STREAMS[stream]()) == golden(*stream, name).read_bytes()


@each_scenario
@each_stream
def test_live_equals_replayed(stream: Stream, name: str) -> None:
    seen = parsed(streamed(live(name), STREAMS[stream]()))
    again = parsed(streamed(kept(live(name)), STREAMS[stream]()))
    assert merged(seen) == merged(again)


@each_scenario
@each_stream
def test_first_frame_comes_with_the_first_entry(stream: Stream, name: str) -> None:
    """An SDK gives up after ten seconds without a byte."""
    assert list(STREAMS[stream]().feed(live(name)[0]))


@each_stream
def test_what_a_crash_leaves_is_the_beginning_of_what_was_said(stream: Stream) -> None:
    for name in ("disk", "two_tools", "long_answer"):
        entries = kept(live(name))
        whole = merged(parsed(streamed(entries, STREAMS[stream]())))
        for cut in range(1, len(entries)):
            projection = STREAMS[stream]()
            part = [each for entry in entries[:cut] for each in projection.feed(entry)]
            beginning = merged(parsed(b"".join(frame(n, each) for n, each in enumerate(part, 1))))
            for left, right in zip(beginning[:-1], whole, strict=False):
                assert left == right


@each_stream
@given(st.lists(st.tuples(st.text(max_size=8), st.booleans()), max_size=10))
def test_no_text_is_said_twice_or_lost_however_it_comes(stream: Stream, pieces: list[tuple[str, bool]]) -> None:
    opened, called = live("plain")[:2]
    text = "".join(piece for piece, _ in pieces)
    said, grown, events = 0, 0, []
    for piece, grows in pieces:
        events.append(AnswerDelta(1, piece))
        said += len(piece)
        if grows:
            events.append(AnswerGrew(reply=1, start=grown, text=text[grown:said]))
            grown = said
    events.append(Answered(reply=1, text=text))
    events.append(TurnClosed(reason="done", usage=Usage()))
    entries = [opened, called, *(msgspec.structs.replace(called, event=event) for event in events)]
    assert answer(entries, stream) == answer(kept(entries), stream) == text


def answer(entries: Any, stream: Stream) -> str:
    """The answer as a client of this stream puts it together."""
    frames = parsed(streamed(entries, STREAMS[stream]()))
    match stream:
        case ("rdsai", _):
            return "".join(each["Answer"] for each in frames if each["Event"] == "message")
        case ("das", "chat"):
            own = {each["MessageId"] for each in frames if each.get("Role") == "assistant"}
            return "".join(each["Delta"] for each in frames if "Delta" in each and each.get("MessageId") in own)
        case ("das", "sse"):
            return "".join(each["Answer"] for each in frames if each["Event"] == "message")
    return "".join(each["Content"] for each in frames)


@each_stream
def test_every_way_to_end_ends_the_stream(stream: Stream) -> None:
    for reason in CloseReason.__args__:
        closed = TurnClosed(reason=reason, usage=Usage())
        entries = [*live("plain")[:-1], msgspec.structs.replace(live("plain")[-1], event=closed)]
        text = streamed(entries, STREAMS[stream]()).decode()
        failed = reason in ("failed", "interrupted")
        assert ("InternalError" in text) == failed
        assert STREAMS[stream]().end() is not None


@each_stream
def test_the_longest_reply_tool_call_and_thought_fit_frames(stream: Stream) -> None:
    opened, called = live("plain")[:2]
    events = [
        ThoughtDelta(1, "\x01磁😀" * 30_000),
        AnswerDelta(1, "\x01磁😀" * 30_000),
        ToolCalled(call="k", tool="query", args={"sql": "磁" * 300_000, "more": ["x" * 50] * 5000}, reply=1),
        Answered(reply=1, text="\x01磁😀" * 30_000),
    ]
    entries = [opened, *(msgspec.structs.replace(called, event=event) for event in events)]
    for number, each in enumerate(played(entries, STREAMS[stream]()), 1):
        assert len(frame(number, each)) < MAX_FRAME_BYTES


def test_nothing_is_left_out_of_the_golden_files() -> None:
    for product in ("rdsai", "polardb", "das"):
        expected = {golden(*stream, name).name for stream in STREAMS if stream[0] == product for name in SCENARIOS}
        assert {path.name for path in golden(product, "x", "y").parent.glob("*.txt")} == expected
    assert played(live("plain"), STREAMS["das", "chat"]())[-1].type == "RUN_FINISHED"
