"""A question about how something is done, asked with the published Python client of a server without any settings."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from dify_client import ChatClient

from clients.running import Server
from clients.test_dify_client import client_of


async def test_an_answer_from_the_knowledge_base_cites_what_it_used(tmp_path: Path) -> None:
    def talk(client: ChatClient) -> None:
        asked = client.create_chat_message({}, "How do I add an index without blocking writes?", "u1").json()
        assert "CREATE INDEX CONCURRENTLY" in asked["answer"]
        cited = asked["metadata"]["retriever_resources"]
        assert [one["position"] for one in cited] == list(range(1, len(cited) + 1))
        assert all(f"[{one['position']}]" in asked["answer"] for one in cited)
        assert cited[0]["document_name"] == "Add an index without blocking writes"
        assert cited[0]["dataset_name"] == "dbmedic handbook"
        assert cited[0]["content"] in asked["answer"]
        (row,) = client.get_conversation_messages("u1", asked["conversation_id"]).json()["data"]
        assert row["answer"] == asked["answer"]
        assert [one["segment_id"] for one in row["retriever_resources"]] == [one["segment_id"] for one in cited]

        streamed = client.create_chat_message({}, "如何安全地扩容磁盘?", "u1", "streaming")
        frames = [json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: ")]
        end = next(frame for frame in frames if frame["event"] == "message_end")
        assert end["metadata"]["retriever_resources"][0]["document_name"] == "安全地扩容磁盘"

        nothing = client.create_chat_message({}, "How do I colour the nodes of a graph database?", "u1").json()
        assert "nothing about this" in nothing["answer"]
        assert nothing["metadata"]["retriever_resources"] == []

    with Server(tmp_path) as server:
        await asyncio.to_thread(talk, client_of(server))
