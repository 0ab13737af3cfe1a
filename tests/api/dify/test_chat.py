"""Asking: streams, blocking replies, stops, limits, and clients that hang up."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from api.dify.desk import Client, desk
from api.dify.playing import frames, text_of
from dbmedic.core.errors import ModelDown
from dbmedic.core.values import Reasoning, Text, Usage

ANSWER = (Reasoning("Look."), Text("All "), Text("is 好."), Usage(prompt_tokens=7, completion_tokens=3))
ENDLESS = (Text("Begun"), 60.0, Text("never"))
KEYS = {"event", "task_id", "id", "message_id", "conversation_id", "mode", "answer", "metadata", "created_at"}


async def test_a_stream_tells_what_happens_in_order() -> None:
    async with desk(ANSWER) as (client, _, _), client.streaming() as response:
        headers, body = response.headers, await response.read()
    events = frames(body)
    assert [event["event"] for event in events] == [
        "workflow_started", "node_started", "message", "message", "agent_log", "node_finished",
        "message_end", "workflow_finished",
    ]  # fmt: skip
    assert text_of(events) == "All is 好."
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert headers["X-Workflow-Run-ID"] == events[0]["workflow_run_id"] == events[0]["task_id"]
    usage = events[-2]["metadata"]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (7, 3, 10)
    assert usage["latency"] > 0


async def test_a_blocking_reply_is_the_same_message() -> None:
    async with desk(ANSWER) as (client, _, _):
        heard = await client.ask(response_mode="blocking")
        (kept,) = (await client.messages(heard.body["conversation_id"])).body["data"]
    assert heard.status == 200
    assert heard.headers["Content-Type"] == "application/json; charset=utf-8"
    assert heard.body.keys() == KEYS
    assert heard.body["id"] == heard.body["message_id"] == kept["id"]
    assert heard.body["answer"] == kept["answer"] == "All is 好."
    assert (heard.body["event"], heard.body["mode"]) == ("message", "advanced-chat")
    assert heard.body["metadata"].keys() == {"annotation_reply", "retriever_resources", "usage", "reasoning"}
    assert abs(heard.body["created_at"] - time.time()) < 5
    assert heard.headers["X-Workflow-Run-ID"]


async def test_the_history_shows_what_was_streamed() -> None:
    async with desk(ANSWER) as (client, _, _):
        events = await client.stream("磁盘?", inputs={"instance": "rm-a", "team": "ops"})
        page = await client.messages(events[0]["conversation_id"])
    (message,) = page.body.pop("data")
    assert page.body == {"limit": 20, "has_more": False}
    assert message["id"] == events[0]["message_id"]
    assert (message["query"], message["inputs"]) == ("磁盘?", {"instance": "rm-a"})
    assert message["answer"] == text_of(events)
    assert (message["status"], message["error"]) == ("normal", None)
    assert message["parent_message_id"] == "00000000-0000-0000-0000-000000000000"
    assert (message["message_tokens"], message["answer_tokens"], message["total_tokens"]) == (7, 3, 10)
    assert message["created_at"] == events[0]["created_at"]


async def test_a_conversation_goes_on() -> None:
    async with desk(ANSWER) as (client, _, _):
        first = (await client.ask("one")).body
        second = (await client.ask("two", conversation_id=first["conversation_id"])).body
        messages = (await client.messages(first["conversation_id"])).body["data"]
        (row,) = (await client.conversations()).body["data"]
    assert second["conversation_id"] == first["conversation_id"]
    assert [message["query"] for message in messages] == ["one", "two"]
    assert (row["id"], row["name"], row["status"]) == (first["conversation_id"], "one", "normal")


async def test_a_stop_keeps_what_was_said() -> None:
    async with desk(ENDLESS) as (client, _, _), client.streaming() as response:
        begun = await response.content.readuntil(b'"Begun"')
        task = response.headers["X-Workflow-Run-ID"]
        began = time.monotonic()
        stopped = await client.call("POST", f"/v1/chat-messages/{task}/stop", json={"user": client.user})
        events = frames(begun + await response.content.read())
        assert time.monotonic() - began < 1
        assert stopped.body == {"result": "success"}
        assert [event["event"] for event in events][-2:] == ["message_end", "workflow_finished"]
        finished = events[-1]["data"]
        assert (finished["status"], finished["error"]) == ("stopped", "Stopped by user.")
        (kept,) = (await client.messages(events[0]["conversation_id"])).body["data"]
        assert (kept["answer"], kept["status"]) == ("Begun", "normal")


async def test_a_blocking_call_whose_server_ends_is_told_so() -> None:
    async with desk(ENDLESS) as (client, assistant, _):
        asking = asyncio.create_task(client.ask())
        while not assistant.turns.running:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        (row,) = (await client.conversations()).body["data"]
        (running,) = (await client.messages(row["id"])).body["data"]
        assert running["status"] == "normal"
        await assistant.turns.end(0)
        heard = await asking
    assert heard.status == 500
    assert "ended in the middle" in heard.body["message"]


async def test_somebody_elses_stop_says_success_and_does_nothing() -> None:
    async with desk(ENDLESS) as (client, assistant, _), client.streaming() as response:
        await response.content.readuntil(b'"Begun"')
        task = response.headers["X-Workflow-Run-ID"]
        other = await assistant.keys.create(app="helpdesk")
        for stranger in (client.as_user("u2"), Client(client.http, client.url, other.secret)):
            heard = await stranger.call("POST", f"/v1/chat-messages/{task}/stop", json={"user": stranger.user})
            assert (heard.status, heard.body) == (200, {"result": "success"})
        unknown = await client.call("POST", "/v1/chat-messages/no-such/stop", json={"user": client.user})
        assert (unknown.status, unknown.body) == (200, {"result": "success"})
        await asyncio.sleep(0.1)
        assert assistant.turns.running == 1


async def test_a_client_that_hangs_up_does_not_stop_its_turn() -> None:
    async with desk((Text("Begun"), 0.4, Text(" and done."))) as (client, assistant, _):
        async with client.streaming() as response:
            await response.content.readuntil(b'"Begun"')
            response.close()
        assert assistant.turns.running == 1
        while assistant.turns.running:
            await asyncio.sleep(0.02)
        (row,) = (await client.conversations()).body["data"]
        (kept,) = (await client.messages(row["id"])).body["data"]
    assert kept["answer"] == "Begun and done."


async def test_too_many_turns_at_once_are_told_when_to_come_back() -> None:
    async with desk(ENDLESS, turns=2) as (client, assistant, _), client.streaming(), client.streaming():
        for mode in ("streaming", "blocking"):
            heard = await client.ask(response_mode=mode)
            assert (heard.status, heard.body["code"]) == (429, "too_many_requests")
            assert int(heard.headers["Retry-After"]) > 0
            assert heard.body["message"].endswith(" is 2.")
        assert assistant.turns.running == 2


async def test_a_model_that_fails_is_an_error_in_both_modes_and_in_the_history() -> None:
    async with desk((Text("Let me"), ModelDown("qwen: 503"))) as (client, _, _):
        blocking = await client.ask()
        events = await client.stream()
        (kept,) = (await client.messages(events[0]["conversation_id"])).body["data"]
    assert (blocking.status, blocking.body["code"]) == (400, "completion_request_error")
    assert blocking.body["message"] == "qwen: 503"
    assert blocking.headers["X-Workflow-Run-ID"]
    assert [event["event"] for event in events][-2:] == ["workflow_finished", "error"]
    assert (events[-1]["code"], events[-1]["status"]) == ("completion_request_error", 400)
    assert (kept["status"], kept["error"], kept["answer"]) == ("error", "qwen: 503", "Let me")


async def test_a_fault_of_ours_is_not_told_in_detail() -> None:
    async with desk((Text("x"), ZeroDivisionError("a secret"))) as (client, _, _):
        heard = await client.ask()
        events = await client.stream()
    assert (heard.status, heard.body["code"]) == (500, "internal_server_error")
    assert "secret" not in str(heard.body) + str(events)
    assert events[-1]["event"] == "error"


async def test_an_instance_in_the_inputs_is_the_one_that_is_meant() -> None:
    async with desk(ANSWER, instances=["rm-a"]) as (client, assistant, _):
        assert (await client.ask(inputs={"instance": "rm-a", "x": 1})).status == 200
        for unknown in ("rm-x", "rm-b"):
            heard = await client.ask(inputs={"instance": unknown}, response_mode="streaming")
            assert (heard.status, heard.body["code"]) == (400, "invalid_param")
            assert heard.body["message"] == (f"instance '{unknown}' is not registered; instances you may use: rm-a")
        assert assistant.turns.running == 0
        assert len((await client.conversations()).body["data"]) == 1


async def test_frames_that_are_ready_together_are_sent_together() -> None:
    letters: list[Any] = [Text(letter) for letter in "abcdefgh" * 50]
    async with desk(letters) as (client, _, _), client.streaming() as response:
        chunks = 0
        async for _, end in response.content.iter_chunks():
            chunks += end
    assert chunks < 40, f"400 tokens in {chunks} pieces"
