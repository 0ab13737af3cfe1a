"""The chat wire without a network: what is asked, and what the bytes of a reply mean."""

import json
import time

import msgspec
import pytest

from dbmedic.core.errors import ModelDown
from dbmedic.core.values import Call, Message, Piece, Reasoning, Text, ToolSpec, Usage
from dbmedic.models.openai_wire import Reading, body, trouble
from models.samples import request


def frames(*deltas: dict | str, finish: str | None = "stop", done: bool = True) -> bytes:
    wire = b""
    for delta in deltas:
        delta = {"content": delta} if isinstance(delta, str) else delta
        wire += b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"
    if finish:
        wire += b"data: " + json.dumps({"choices": [{"delta": {}, "finish_reason": finish}]}).encode() + b"\n\n"
    return wire + (b"data: [DONE]\n\n" if done else b"")


def read(*chunks: bytes, **fields) -> list[Piece]:
    reading = Reading("model m", **fields)
    return [piece for chunk in chunks for piece in reading.feed(chunk)] + reading.end()


def test_the_transcript_is_asked_in_the_services_own_shape():
    asked = (
        Message(role="system", text="You are dbmedic."),
        Message(role="user", text="why?"),
        Message(role="assistant", calls=(Call("k1", "measure", {"instance": "db"}),)),
        Message(role="tool", call="k1", text="23 %"),
    )
    tool = ToolSpec(name="measure", description="Measures.", schema={"type": "object", "properties": {}})
    sent = msgspec.json.decode(msgspec.json.encode(body("qwen3", request(messages=asked, tools=(tool,)))))
    assert sent == {
        "model": "qwen3",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "You are dbmedic."},
            {"role": "user", "content": "why?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "k1",
                        "type": "function",
                        "function": {"name": "measure", "arguments": '{"instance":"db"}'},
                    }
                ],
            },
            {"role": "tool", "content": "23 %", "tool_call_id": "k1"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "measure",
                    "description": "Measures.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
    }


def test_without_tools_none_are_named_and_usage_need_not_be_asked():
    assert body("m", request(), usage=False).keys() == {"model", "stream", "messages"}


def test_text_that_came_together_is_one_piece_and_later_text_another():
    assert read(frames("The ", "disk ", finish=None, done=False), frames("is full.")) == [
        Text("The disk "),
        Text("is full."),
    ]


def test_a_frame_cut_anywhere_reads_the_same():
    wire = frames("磁盘", "使用率") + b""
    for cut in range(len(wire)):
        assert "".join(p.text for p in read(wire[:cut], wire[cut:]) if isinstance(p, Text)) == "磁盘使用率"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_told_from_text_under_either_name(field):
    wire = frames({field: "let "}, {field: "me see", "content": None}, {field: None, "content": "Fine."})
    assert read(wire) == [Reasoning("let me see"), Text("Fine.")]


def test_reasoning_in_tags_and_in_typed_parts():
    assert read(frames("<thi", "nk>hm</th", "ink>\n\nFine.")) == [Reasoning("hm"), Text("Fine.")]
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Fine."}]
    assert read(frames({"content": parts})) == [Reasoning("hm"), Text("Fine.")]


def test_calls_and_usage_come_last():
    tool = {"index": 0, "id": "k1", "function": {"name": "measure", "arguments": "{}"}}
    tokens = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\ndata: [DONE]\n\n'
    wire = frames("Let me look.", {"tool_calls": [tool]}, finish="tool_calls", done=False) + tokens
    assert read(wire) == [
        Text("Let me look."),
        Call("k1", "measure", {}),
        Usage(prompt_tokens=7, completion_tokens=3),
    ]


def test_usage_repeated_in_every_chunk_is_counted_once():
    chunk = b'data: {"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":7,"completion_tokens":%d}}\n\n'
    assert read(chunk % 1, chunk % 2, b"data: [DONE]\n\n")[-1] == Usage(prompt_tokens=7, completion_tokens=2)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b": OPENROUTER PROCESSING\n\n" + frames("Fine."), id="comments first"),
        pytest.param(frames("Fine.").replace(b"data: ", b"data:").replace(b"\n", b"\r\n"), id="no blank, CRLF"),
        pytest.param(frames("Fine.", done=False), id="no [DONE]"),
        pytest.param(frames("Fine.", finish=None), id="no finish reason"),
        pytest.param(frames("Fine.").rstrip(b"\n"), id="no blank line at the end"),
        pytest.param(frames({"role": "assistant", "content": ""}, "Fine.", {}), id="empty deltas"),
        pytest.param(
            b'data: {"choices":[],"prompt_filter_results":[{}]}\n\n' + frames("Fine."), id="no choices, as Azure"
        ),
        pytest.param(
            b'data: {"choices":[{"delta":{"content":"Fine.","tool_calls":null},"logprobs":null}],"usage":null}\n\n'
            b"data: [DONE]\n\n",
            id="nulls",
        ),
        pytest.param(
            b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Fine."},"finish_reason":"stop"}]}',
            id="one JSON body",
        ),
    ],
)
def test_what_compatible_servers_make_of_the_wire_reads_the_same(wire):
    assert read(wire) == [Text("Fine.")]
    assert read(*(wire[at : at + 5] for at in range(0, len(wire), 5)))[0] == Text("Fine.")


@pytest.mark.parametrize(
    ("wire", "sentence"),
    [
        (frames("The di", finish=None, done=False), "model m broke off in the middle of its reply"),
        (b"", "model m broke off in the middle of its reply"),
        (frames(""), "model m answered nothing"),
        (frames("\n"), "model m answered nothing"),
        (frames({"reasoning": "hm"}, finish="length"), "model m reached its limit of tokens before it said anything"),
        (frames("I ", finish="content_filter"), "model m withheld its reply (content_filter)"),
        (b'data: {"error":{"message":"out of\\nmemory","code":500}}\n\n', "model m failed: out of memory"),
        (b'event: error\ndata: {"object":"error","message":"bad"}\n\n', "model m failed: bad"),
        (b'data: {"choices":[{"delta":\n\n', 'model m sent what is no chat completion: \'{"choices":[{"delta":\''),
        (b"data: <html>\n\n", "model m sent what is no chat completion: '<html>'"),
        (b'data: {"choices":"none"}\n\n', "model m sent what is no chat completion"),
    ],
)
def test_a_reply_that_is_no_whole_one_says_why(wire, sentence):
    with pytest.raises(ModelDown) as down:
        read(wire)
    assert str(down.value).startswith(sentence)


def test_a_reply_cut_by_the_token_limit_shows_it():
    assert read(frames("The disk is", finish="length")) == [Text("The disk is"), Text(" […]")]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": {"message": "no such model", "type": "x"}}, "no such model"),
        ({"error": "model not found"}, "model not found"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"message": "slow\n down"}, "slow down"),
        ("plain", "plain"),
        ({}, ""),
    ],
)
def test_the_reason_is_found_in_any_error_body(answer, words):
    assert trouble(answer) == words


def test_a_token_costs_microseconds():
    wire = frames("token ", finish=None, done=False)
    reading = Reading("model m")
    started = time.process_time()
    for _ in range(2000):
        reading.feed(wire)
    assert (time.process_time() - started) / 2000 < 100e-6
