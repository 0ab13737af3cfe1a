"""One conversation with everything in it, told back by `/messages` as it was streamed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import requests
from dify_client import ChatClient

from clients.test_dify_client import events, serving
from clients.test_dify_keeping import SLOW, cut, headers, sent, upload
from models.script import Wait, call, end, text

CITES = [*call("search", '{"query": "add an index without blocking writes"}'), *end()]
CITED = [*text("Use CREATE INDEX ", "CONCURRENTLY [1]."), *end(prompt=40, completion=9)]
FILE = [*text("A deadlock, ", "then no slots."), *end(prompt=70, completion=8)]
STOPPED = [*text("Vacuum ", "removes"), Wait(60)]


def streamed(client: ChatClient, query: str, conversation: str = "", **more: Any) -> list[dict[str, Any]]:
    """The events of one question; a stream that says "removes" is stopped."""
    heard = []
    for event in events(client.create_chat_message({}, query, "u1", "streaming", conversation or None, **more)):
        heard.append(event)
        if event.get("answer", "").endswith("removes"):
            url = f"{client.base_url}/chat-messages/{event['task_id']}/stop"
            assert requests.post(url, json={"user": "u1"}, headers=headers(client), timeout=5).status_code == 200
    return heard


def resumed(client: ChatClient, query: str, conversation: str) -> tuple[str, str]:
    """(message id, text) of an answer whose connection is cut after each piece."""
    with client.create_chat_message({}, query, "u1", "streaming", conversation) as response:
        run = response.headers["X-Workflow-Run-ID"]
    said, last, cuts = "", None, 0
    while not said.endswith(">"):
        pieces, last = cut(client, run, last)
        said += "".join(pieces)
        cuts += 1
    assert cuts >= 6, "the original and five that were cut"
    (row,) = client.get_conversation_messages("u1", conversation, limit=1).json()["data"]
    return row["id"], said.removesuffix("<succeeded>")


async def test_what_was_streamed_is_what_is_read_back(tmp_path: Path) -> None:
    async with serving(tmp_path, FILE, CITES, CITED, STOPPED, SLOW) as (_, client):

        def talk() -> None:
            file = upload(client, "u1")
            first = streamed(client, "What is in it?", files=sent(file["id"]))
            conversation = first[0]["conversation_id"]
            second = streamed(client, "How do I add an index?", conversation)
            third = streamed(client, "And vacuum?", conversation)
            fourth, said = resumed(client, "Count", conversation)
            assert client.rename_conversation(conversation, "Incident 7", "u1").json()["name"] == "Incident 7"
            ids = [heard[0]["message_id"] for heard in (first, second, third)] + [fourth]
            assert client.message_feedback(ids[1], "like", "u1").json() == {"result": "success"}

            rows = client.get_conversation_messages("u1", conversation).json()["data"]
            assert [row["id"] for row in rows] == ids
            assert [row["answer"] for row in rows] == [
                *("".join(event.get("answer", "") for event in heard) for heard in (first, second, third)),
                said,
            ]
            assert [row["answer"] for row in rows][2:] == ["Vacuum removes", "one two three four five "]
            assert [row["status"] for row in rows] == ["normal"] * 4
            assert third[-1]["data"]["status"] == "stopped"
            for row, heard in zip(rows, (first, second, third), strict=False):
                (ended,) = (event for event in heard if event["event"] == "message_end")
                metadata = ended["metadata"]
                shared = [
                    {name: one[name] for name in one.keys() & cited.keys()}
                    for one, cited in zip(row["retriever_resources"], metadata["retriever_resources"], strict=True)
                ]
                assert shared == [{name: one[name] for name in shared[0]} for one in metadata["retriever_resources"]]
                usage = metadata["usage"]
                assert (row["message_tokens"], row["answer_tokens"]) == (
                    usage["prompt_tokens"],
                    usage["completion_tokens"],
                )
                assert row["total_price"] == usage["total_price"]
                assert row["provider_response_latency"] == usage["latency"]
            assert rows[1]["retriever_resources"][0]["document_name"] == "Add an index without blocking writes"
            assert [row["feedback"] for row in rows] == [None, {"rating": "like"}, None, None]
            assert [[one["upload_file_id"] for one in row["message_files"]] for row in rows] == [
                [file["id"]],
                [],
                [],
                [],
            ]
            (listed,) = client.get_conversations("u1").json()["data"]
            assert (listed["id"], listed["name"]) == (conversation, "Incident 7")
            assert client.get_conversation_messages("u1", conversation).json()["data"] == rows

        await asyncio.to_thread(talk)
