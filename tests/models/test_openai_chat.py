"""The adapter against a real HTTP service that plays a script."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from dbmedic.core.errors import ModelDown
from dbmedic.core.events import ToolCalled
from dbmedic.core.values import Call, Piece, Reasoning, Text, ToolSpec, Usage
from dbmedic.models import openai_chat
from dbmedic.models.openai_chat import OpenaiChat, endpoint
from models.samples import request
from models.script import DONE, Cut, Delta, Raw, Refuse, Wait, call, end, playing, text

KEY = "sk-very-secret"


async def said(model: OpenaiChat, **fields) -> list[Piece]:
    return [piece async for piece in model.reply(request(**fields))]


@asynccontextmanager
async def closing(model: OpenaiChat):
    yield model
    await model.close()
    await model.close()


def joined(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(openai_chat, "BACK_OFF_S", 0.02)


@pytest.fixture
async def played():
    """`await played(play, …)` -> (script, model) that live as long as the test."""
    async with AsyncExitStack() as stack:

        async def start(*plays, **options):
            script = await stack.enter_async_context(playing(*plays))
            model = OpenaiChat(script.url, "qwen3", KEY, **options)
            stack.push_async_callback(model.close)
            return script, model

        yield start


async def test_a_streamed_reply_is_text_as_it_comes_then_calls_then_usage(played):
    play = [
        Delta({"reasoning_content": "hm"}),
        Wait(0.01),
        *text("Let me ", "look."),
        *call("measure", '{"instance": "db"}', id="k1", pieces=3),
        *call("schema", "{}", id="k2", index=1),
        *end("tool_calls", prompt=70, completion=12),
    ]
    script, model = await played(play)
    pieces = await said(model, tools=(ToolSpec(name="measure", description="", schema={"type": "object"}),))
    assert pieces[0] == Reasoning("hm")
    assert joined(pieces) == "Let me look."
    assert pieces[-3:] == [
        Call("k1", "measure", {"instance": "db"}),
        Call("k2", "schema", {}),
        Usage(prompt_tokens=70, completion_tokens=12),
    ]
    (asked,) = script.asked
    assert (asked["model"], asked["stream"], asked["tools"][0]["function"]["name"]) == ("qwen3", True, "measure")
    assert script.headers[0]["Authorization"] == f"Bearer {KEY}"


async def test_the_first_text_does_not_wait_for_the_rest(played):
    _, model = await played([*text("Soon"), Wait(5), *end()])
    started = time.monotonic()
    async for piece in model.reply(request()):
        assert piece == Text("Soon")
        break
    assert time.monotonic() - started < 2


async def test_one_connection_serves_one_reply_after_another(played):
    script, model = await played([*text("Fine."), *end()])
    for _ in range(5):
        assert joined(await said(model)) == "Fine."
    assert len(script.peers) == 1


async def test_ids_of_calls_are_new_within_the_turn(played):
    _, model = await played([*call("measure", "{}", id="call_0"), *end("tool_calls")])
    before = ToolCalled(call="call_0", tool="measure", args={}, reply=1)
    pieces = await said(model, events=(before,), reply=2)
    assert [piece.id for piece in pieces if isinstance(piece, Call)] == ["call_0_2_1"]


@pytest.mark.parametrize(
    "first",
    [
        [Refuse(429, {"error": {"message": "slow down"}})],
        [Refuse(503, "<html><h1>Busy</h1></html>")],
        [Refuse(500, {})],
        [Cut()],
        [Raw(b": hello\n\n"), Cut()],
        [Raw(b'data: {"error":{"message":"overloaded"}}\n\n')],
    ],
)
async def test_what_fails_before_the_first_token_is_tried_once_more(played, first):
    script, model = await played(first, [*text("Fine."), *end()])
    assert joined(await said(model)) == "Fine."
    assert len(script.asked) == 2


async def test_a_service_may_say_when_to_come_back(played):
    script, model = await played([Refuse(429, {}, {"Retry-After": "0.3"})], [*text("Fine."), *end()])
    started = time.monotonic()
    assert joined(await said(model)) == "Fine."
    assert 0.3 <= time.monotonic() - started < 2
    assert len(script.asked) == 2


async def test_a_service_that_wants_us_back_in_an_hour_is_not_waited_for(played):
    script, model = await played([Refuse(429, {"message": "quota"}, {"Retry-After": "3600"})])
    with pytest.raises(ModelDown, match=r"answered 429: quota \(come back in 1 h\)"):
        await said(model)
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("play", "sentence", "asked"),
    [
        ([Refuse(401, {"error": {"message": f"Incorrect API key: {KEY}"}})], r"answered 401: Incorrect API key: …", 1),
        ([Refuse(404, {"error": "model not found"})], r"answered 404: model not found", 1),
        ([Refuse(400, {"error": {"message": "context too long"}})], r"answered 400: context too long", 2),
        ([Refuse(503, "<html><h1>Busy</h1></html>")], r"answered 503: Busy", 3),
        ([Refuse(502, "")], r"answered 502: Bad Gateway", 3),
        ([*text("The di"), Wait(0.02), Cut()], r"broke off in the middle of its reply", 1),
        ([*text("The di"), Wait(0.02), Raw(b"data: {oops\n\n")], r"sent what is no chat completion", 1),
        ([*text("The di")], r"broke off in the middle of its reply", 1),
        ([Delta({}, "stop"), DONE], r"answered nothing", 3),
    ],
)
async def test_what_fails_is_one_sentence_without_the_key(played, play, sentence, asked):
    script, model = await played(play)
    with pytest.raises(ModelDown, match=sentence) as down:
        await said(model)
    assert str(down.value).startswith("model qwen3 at 127.0.0.1:")
    assert KEY not in str(down.value)
    assert KEY not in repr(down.value.__context__)
    assert len(script.asked) == asked


async def test_text_before_a_cut_is_kept(played):
    _, model = await played([*text("The di"), Wait(0.02), Cut()])
    reply = model.reply(request())
    assert await anext(reply) == Text("The di")
    with pytest.raises(ModelDown):
        await anext(reply)


async def test_a_stall_ends_after_the_longest_silence(played):
    script, model = await played([*text("The di"), Wait(5)], read_s=0.2)
    started = time.monotonic()
    with pytest.raises(ModelDown, match=r"said nothing for 200 ms"):
        await said(model)
    assert time.monotonic() - started < 2
    assert len(script.asked) == 1


async def test_nobody_there_is_said_at_once():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    async with closing(OpenaiChat(f"http://127.0.0.1:{port}", "m", KEY)) as model:
        with pytest.raises(ModelDown, match=rf"model m at 127.0.0.1:{port} could not be reached: Connection refused"):
            await said(model)


async def test_a_name_that_does_not_exist_is_said():
    async with closing(OpenaiChat("http://model.invalid/v1", "m")) as model:
        with pytest.raises(ModelDown, match=r"could not be reached"):
            await said(model)


async def test_a_service_that_refuses_to_count_tokens_is_asked_without(played):
    script, model = await played(
        [Refuse(400, {"error": {"message": "Unrecognized request argument: stream_options"}})],
        [*text("Fine."), *end()],
    )
    assert joined(await said(model)) == "Fine."
    assert joined(await said(model)) == "Fine."
    assert ["stream_options" in asked for asked in script.asked] == [True, False, False]


async def test_a_reader_that_is_cancelled_ends_the_services_work(played):
    script, model = await played([*text("The di"), Wait(30), *end()])
    began = asyncio.Event()

    async def read():
        async for _ in model.reply(request()):
            began.set()

    reader = asyncio.create_task(read())
    await began.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    async with asyncio.timeout(2):
        while not script.left:
            await asyncio.sleep(0.01)


async def test_thirty_replies_at_once_each_get_their_own(played):
    script, model = await played([*text("a"), Wait(0.05), *text("b"), *end()])
    replies = await asyncio.gather(*(said(model) for _ in range(30)))
    assert [joined(pieces) for pieces in replies] == ["ab"] * 30
    assert len(script.asked) == 30


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://host:11434", "http://host:11434/v1/chat/completions"),
        ("http://host:11434/", "http://host:11434/v1/chat/completions"),
        ("https://host/v1/", "https://host/v1/chat/completions"),
        ("https://host/compatible-mode/v1", "https://host/compatible-mode/v1/chat/completions"),
        ("https://host/v1/chat/completions", "https://host/v1/chat/completions"),
        ("https://host/openai/v1?api-version=1", "https://host/openai/v1/chat/completions?api-version=1"),
    ],
)
def test_a_base_may_be_written_as_services_document_it(base, url):
    assert str(endpoint(base)) == url
