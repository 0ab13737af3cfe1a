"""The adapter against a server that speaks Anthropic's wire, as its documentation shows it.

https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from dbmedic.core.errors import ModelDown
from dbmedic.core.values import Call, Message, Piece, Reasoning, Text, ToolSpec, Usage
from dbmedic.models.providers import Provided
from dbmedic.models.setting import ModelSetting
from models.samples import request

KEY = "sk-ant-very-secret"
TOOL = ToolSpec(
    name="measure",
    description="Measure it.",
    schema={"type": "object", "properties": {"instance": {"type": "string"}}},
)
USED = {"input_tokens": 31, "output_tokens": 1}


def begin() -> tuple[str, dict]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test", "content": []}
    return "message_start", {"message": {**message, "stop_reason": None, "stop_sequence": None, "usage": USED}}


def block(index: int, start: dict, *deltas: dict) -> list[tuple[str, dict]]:
    return [
        ("content_block_start", {"index": index, "content_block": start}),
        *(("content_block_delta", {"index": index, "delta": delta}) for delta in deltas),
        ("content_block_stop", {"index": index}),
    ]


def end(reason: str) -> list[tuple[str, dict]]:
    stop = {"delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 12}}
    return [("message_delta", stop), ("message_stop", {})]


def said(*texts: str, index: int = 0) -> list[tuple[str, dict]]:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": text} for text in texts))


class Anthropic:
    def __init__(self) -> None:
        self.play: list[tuple[str, dict]] | int = []
        self.asked: list[dict] = []
        self.keys: list[str] = []
        self.url = ""

    async def answer(self, incoming: web.Request) -> web.StreamResponse:
        self.asked.append(await incoming.json())
        self.keys.append(incoming.headers.get("x-api-key") or incoming.headers["Authorization"])
        if isinstance(self.play, int):
            error = {"type": "error", "error": {"type": "overloaded_error", "message": f"no, not for {KEY}"}}
            return web.json_response(error, status=self.play, headers={"x-should-retry": "false"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(incoming)
        for name, data in self.play:
            await response.write(f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode())
        await response.write_eof()
        return response


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[tuple[Anthropic, Provided]]:
    script = Anthropic()
    app = web.Application()
    app.router.add_post("/v1/messages", script.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    script.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    setting = ModelSetting(name="claude", model="claude-sonnet-9", kind="anthropic", url=script.url, key=KEY)
    model = Provided(setting)
    yield script, model
    await model.close()
    await runner.cleanup()


async def heard(served: tuple[Anthropic, Provided], play: list | int, **fields) -> list[Piece]:
    script, model = served
    script.play = play
    return [piece async for piece in model.reply(request(**fields))]


async def test_a_reply_is_text_then_calls_then_usage(served):
    call = block(
        1,
        {"type": "tool_use", "id": "toolu_1", "name": "measure", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"inst'},
        {"type": "input_json_delta", "partial_json": 'ance": "db"}'},
    )
    pieces = await heard(served, [begin(), *said("Let me ", "look."), *call, *end("tool_use")], tools=(TOOL,))
    assert "".join(one.text for one in pieces if isinstance(one, Text)) == "Let me look."
    assert pieces[-2:] == [
        Call("toolu_1", "measure", {"instance": "db"}),
        Usage(prompt_tokens=31, completion_tokens=12),
    ]
    asked = served[0].asked[-1]
    assert asked["model"] == "claude-sonnet-9"
    assert asked["tools"][0]["name"] == "measure"
    assert asked["tools"][0]["input_schema"]["properties"] == {"instance": {"type": "string"}}
    assert served[0].keys[-1].removeprefix("Bearer ") == KEY


async def test_thoughts_are_kept_apart(served):
    thought = block(0, {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": "hm"})
    pieces = await heard(served, [begin(), *thought, *said("Fine.", index=1), *end("end_turn")])
    assert pieces[:2] == [Reasoning("hm"), Text("Fine.")]


async def test_a_transcript_with_calls_and_results_reaches_the_wire(served):
    talk = (
        Message(role="system", text="You are dbmedic."),
        Message(role="user", text="Is it full?"),
        Message(role="assistant", text="Let me look.", calls=(Call("k1", "measure", {"instance": "db"}),)),
        Message(role="tool", call="k1", text="<data>23 %</data>"),
    )
    await heard(served, [begin(), *said("No."), *end("end_turn")], messages=talk, tools=(TOOL,))
    asked = served[0].asked[-1]
    assert "You are dbmedic." in json.dumps(asked["system"])
    roles = [message["role"] for message in asked["messages"]]
    assert roles == ["user", "assistant", "user"]
    used, result = asked["messages"][1]["content"][-1], asked["messages"][2]["content"][0]
    assert (used["type"], used["id"], used["input"]) == ("tool_use", "k1", {"instance": "db"})
    assert (result["type"], result["tool_use_id"]) == ("tool_result", "k1")
    assert "23 %" in json.dumps(result["content"])


async def test_an_answer_that_met_its_limit_says_so(served):
    pieces = await heard(served, [begin(), *said("The disk"), *end("max_tokens")])
    assert "".join(one.text for one in pieces if isinstance(one, Text)) == "The disk […]"


async def test_nothing_said_is_a_failure(served):
    with pytest.raises(ModelDown, match="answered nothing"):
        await heard(served, [begin(), *end("end_turn")])


@pytest.mark.parametrize("status", [401, 529])
async def test_what_fails_is_one_sentence_without_the_key(served, status):
    with pytest.raises(ModelDown, match=rf"model claude \(anthropic\) failed: .*{status}") as down:
        await heard(served, status)
    assert KEY not in str(down.value)
