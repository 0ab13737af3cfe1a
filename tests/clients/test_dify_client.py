"""The published Python client against a running server whose model plays a script."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import requests
from dify_client import ChatClient

from clients.described import described, watched
from clients.running import Server
from models.script import Play, Wait, end, playing, text

ANSWER = [*text("All ", "is ", "well."), *end(prompt=12, completion=3)]
ENDLESS = [*text("Vacuum ", "removes"), Wait(60)]


@asynccontextmanager
async def serving(data: Path, *plays: Play, **settings: str) -> AsyncIterator[tuple[Server, ChatClient]]:
    async with playing(*plays) as script:
        with Server(data, model_url=script.url, model="script", **settings) as server:
            yield server, client_of(server)


def client_of(server: Server, key: str | None = None) -> ChatClient:
    client = ChatClient(key or server.key())
    client.base_url = f"{server.url}/v1"
    watched(client, server.url)
    return client


def events(response: requests.Response) -> Iterator[dict[str, Any]]:
    """As the client's own documentation reads a stream; each is an event that the server's description allows."""
    response.raise_for_status()
    promised = described(response.url.partition("/v1/")[0])
    for line in response.iter_lines(decode_unicode=True):
        head, _, data = line.partition("data: ")
        if data and not head:
            event = json.loads(data)
            promised.event(event)
            yield event


async def test_a_stream_and_what_is_kept_of_it(tmp_path: Path) -> None:
    async with serving(tmp_path, ANSWER) as (_, client):
        response = await asyncio.to_thread(
            client.create_chat_message, {"team": "ops"}, "Is all well?", "u1", "streaming"
        )
        heard = await asyncio.to_thread(lambda: list(events(response)))
        conversation = heard[0]["conversation_id"]
        listed = (await asyncio.to_thread(client.get_conversations, "u1")).json()
        page = (await asyncio.to_thread(client.get_conversation_messages, "u1", conversation)).json()
        others = (await asyncio.to_thread(client.get_conversations, "u2")).json()
    names = [event["event"] for event in heard]
    assert names[:3] == ["workflow_started", "node_started", "message"]
    assert names[-4:] == ["message", "node_finished", "message_end", "workflow_finished"]
    answer = "".join(event.get("answer", "") for event in heard)
    assert answer == "All is well."
    assert [row["id"] for row in listed["data"]] == [conversation]
    assert others["data"] == []
    (message,) = page["data"]
    assert (message["id"], message["answer"], message["query"]) == (heard[0]["message_id"], answer, "Is all well?")
    assert message["total_tokens"] == heard[-2]["metadata"]["usage"]["total_tokens"] == 15


async def test_a_blocking_reply_and_a_second_question(tmp_path: Path) -> None:
    async with serving(tmp_path, ANSWER) as (_, client):
        first = (await asyncio.to_thread(client.create_chat_message, {}, "one", "u1")).json()
        second = await asyncio.to_thread(
            lambda: client.create_chat_message({}, "two", "u1", conversation_id=first["conversation_id"]).json()
        )
        page = (
            await asyncio.to_thread(client.get_conversation_messages, "u1", first["conversation_id"], limit=1)
        ).json()
    assert first["answer"] == second["answer"] == "All is well."
    assert page["has_more"] is True
    assert [message["query"] for message in page["data"]] == ["two"]


async def test_errors_are_read_by_the_client(tmp_path: Path) -> None:
    async with serving(tmp_path, ANSWER) as (server, client):
        wrong = client_of(server, "app-nobodys")
        refused = await asyncio.to_thread(wrong.create_chat_message, {}, "q", "u1")
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        unknown = await asyncio.to_thread(client.create_chat_message, {"instance": "rm-x"}, "q", "u1")
        assert (unknown.status_code, unknown.json()["code"]) == (400, "invalid_param")
        assert "rm-x" in unknown.json()["message"]
        missing = await asyncio.to_thread(client.rename_conversation, "x", "name", "u1")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_tokens_come_as_the_model_says_them(tmp_path: Path) -> None:
    slow = [step for word in ("one ", "two ", "three") for step in (*text(word), Wait(0.3))] + end()
    async with serving(tmp_path, slow) as (_, client):

        def timed() -> list[tuple[float, dict[str, Any]]]:
            response = client.create_chat_message({}, "count", "u1", "streaming")
            return [(time.monotonic(), event) for event in events(response)]

        heard = await asyncio.to_thread(timed)
    times = [at for at, event in heard if event["event"] == "message"]
    assert [event["answer"] for _, event in heard if event["event"] == "message"] == ["one ", "two ", "three"]
    assert times[1] - times[0] > 0.2
    assert times[2] - times[1] > 0.2


async def test_curl_shows_the_frames_of_the_reference_in_order(tmp_path: Path) -> None:
    async with serving(tmp_path, ANSWER) as (server, _):
        body = json.dumps({"query": "磁盘?", "inputs": {}, "user": "u1", "response_mode": "streaming"})
        command = [
            "curl", "-sN", "-i", "-H", f"Authorization: Bearer {server.key()}", "-H", "Content-Type: application/json",
            "-d", body, f"{server.url}/v1/chat-messages",
        ]  # fmt: skip
        out = (await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)).stdout.decode()
    head, _, stream = out.replace("\r\n", "\n").partition("\n\n")
    assert head.startswith("HTTP/1.1 200 OK\n")
    for header in ("content-type: text/event-stream; charset=utf-8", "cache-control: no-cache", "x-request-id: "):
        assert header in head
    assert "event: " not in stream, "no ping before 10 s of silence, and no event names but in the data"
    assert re.fullmatch(r"(data: \{.*\}\n\n)+", stream)
    assert "磁盘" in stream, "raw UTF-8"
    head_of_frame = (
        r'data: \{"event":"\w+","conversation_id":"[\w-]+","message_id":"[\w-]+","created_at":\d+,"task_id":'
    )
    assert all(re.match(head_of_frame, line) for line in stream.split("\n\n")[:-1])


async def test_a_stop_ends_the_stream_within_a_second(tmp_path: Path) -> None:
    async with serving(tmp_path, ENDLESS) as (server, client):

        def stopped() -> tuple[list[dict[str, Any]], float]:
            heard, began, seen = [], 0.0, ""
            for event in events(client.create_chat_message({}, "q", "u1", "streaming")):
                heard.append(event)
                seen += event.get("answer", "")
                if seen == "Vacuum removes" and not began:
                    began = time.monotonic()
                    url = f"{server.url}/v1/chat-messages/{event['task_id']}/stop"
                    key = {"Authorization": f"Bearer {client.api_key}"}
                    done = requests.post(url, json={"user": "u1"}, headers=key, timeout=5)
                    assert done.json() == {"result": "success"}
            return heard, time.monotonic() - began

        heard, took_s = await asyncio.to_thread(stopped)
    assert took_s < 1
    assert heard[-1]["data"]["status"] == "stopped"
    assert heard[-1]["data"]["outputs"]["answer"] == "Vacuum removes"


async def test_a_server_that_is_killed_marks_the_turn_and_keeps_what_was_said(tmp_path: Path) -> None:
    plays = ANSWER, [*text("Vacuum ", "removes "), Wait(1.5), *text("dead rows"), Wait(60)], ANSWER
    async with playing(*plays) as script:
        server = Server(tmp_path, model_url=script.url, model="script")
        server.start()
        client = client_of(server)
        first = (await asyncio.to_thread(client.create_chat_message, {}, "one", "u1")).json()

        def killed() -> str:
            """The text that the client saw."""
            response = client.create_chat_message({}, "two", "u1", "streaming", first["conversation_id"])
            seen = ""
            try:
                for event in events(response):
                    seen += event.get("answer", "")
                    if event.get("answer") == "dead rows":
                        server.end(signal.SIGKILL)
            except requests.exceptions.ChunkedEncodingError:
                pass
            return seen

        seen = await asyncio.to_thread(killed)
        server.start()
        client.base_url = f"{server.url}/v1"
        page = (await asyncio.to_thread(client.get_conversation_messages, "u1", first["conversation_id"])).json()
        third = await asyncio.to_thread(
            lambda: client.create_chat_message({}, "three", "u1", conversation_id=first["conversation_id"]).json()
        )
        assert server.end() == 0
    assert seen == "Vacuum removes dead rows"
    one, two = page["data"]
    assert (one["answer"], one["status"]) == ("All is well.", "normal")
    assert (two["query"], two["status"]) == ("two", "error")
    assert two["answer"] in (seen, "Vacuum removes "), "at most the last second of text is lost"
    assert "ended in the middle" in two["error"]
    assert third["answer"] == "All is well."


async def test_a_server_told_to_end_finishes_its_turns_and_exits_with_zero(tmp_path: Path) -> None:
    async with serving(tmp_path, [*text("Begun"), Wait(1), *text(" and done."), *end()]) as (server, client):

        def ended() -> tuple[str, int]:
            seen, code = "", -1
            response = client.create_chat_message({}, "q", "u1", "streaming")
            assert server.process is not None
            for event in events(response):
                seen += event.get("answer", "")
                if event.get("answer") == "Begun":
                    server.process.send_signal(signal.SIGTERM)
            code = server.process.wait(10)
            return seen, code

        assert await asyncio.to_thread(ended) == ("Begun and done.", 0)


async def test_lines_of_the_log_name_the_request_and_the_key_and_hold_no_text_of_it(tmp_path: Path) -> None:
    async with serving(tmp_path, ANSWER) as (server, client):
        secret = "correct horse battery staple"
        await asyncio.to_thread(client.create_chat_message, {"note": secret}, secret, "u1")
        url = f"{server.url}/v1/messages?user={secret}"
        headers = {"Authorization": f"Bearer {client.api_key}", "X-Request-Id": "req-1"}
        answer = await asyncio.to_thread(requests.get, url, headers=headers, timeout=5)
        assert answer.headers["X-Request-Id"] == "req-1"
        server.end()
    log = server.log.read_text()
    assert secret not in log
    assert client.api_key not in log
    requests_of = [line for line in server.lines() if line["event"] == "request" and line["operation"] != "openapi"]
    asked, listed = requests_of
    assert (asked["api"], asked["operation"], asked["status"]) == ("dify", "chat_messages", 200)
    assert asked["key"] == listed["key"]
    assert (listed["request"], listed["path"], listed["status"]) == ("req-1", "/v1/messages", 400)
