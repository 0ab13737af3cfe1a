"""A whole server over a store on PostgreSQL: the official clients see no difference."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from alibabacloud_rdsai20250507 import models as rds

from clients.aliyun import HELLO, Reply, answer, called, cloud, stream
from clients.running import Server
from clients.test_dify_client import ANSWER, client_of, events, serving
from dbmedic.core.values import Text
from fix_servers import Server as Database


async def test_a_dify_client_talks_over_a_store_on_postgresql_and_finds_it_after_kill(
    tmp_path: Path, store_url: str
) -> None:
    async with serving(tmp_path, ANSWER, ANSWER, store=store_url) as (server, client):
        response = await asyncio.to_thread(client.create_chat_message, {}, "Is all well?", "u1", "streaming")
        heard = await asyncio.to_thread(lambda: list(events(response)))
        assert "".join(event.get("answer", "") for event in heard if event["event"] == "message") == "All is well."
        conversation = heard[0]["conversation_id"]
        key = server.key("again")
        server.end(signal.SIGKILL)
        assert not (tmp_path / "store.db").exists()
        with Server(tmp_path, store=store_url, model_url="http://127.0.0.1:9/v1", model="script") as after:
            later = client_of(after, str(client.api_key))
            listed = (await asyncio.to_thread(later.get_conversation_messages, "u1", conversation)).json()
            assert [(row["query"], row["answer"]) for row in listed["data"]] == [("Is all well?", "All is well.")]
            assert (await asyncio.to_thread(client_of(after, key).get_conversations, "u1")).json()["data"] == []


async def test_an_rds_ai_client_is_served_by_two_replicas_as_by_one(store_url: str, redis: Database) -> None:
    """A turn is asked on one replica, stopped and read on the other; a new key works on both at once."""
    shared = {"store": store_url, "bus": redis.url, "key": "0" * 64, "lease_s": 2.0}
    half: Reply = [Text("磁盘使用率"), 30.0]
    async with cloud(half, HELLO, **shared) as one, cloud(HELLO, **shared) as two:
        for replica in (one, two):
            await replica.parts.kept.serve()
            await replica.assistant.turns.recover()
        asking = asyncio.create_task(stream(one.rdsai()))
        task = conversation = ""
        while not task:
            await asyncio.sleep(0.05)
            listed = await called(two.rdsai(one.key).get_conversations, rds.GetConversationsRequest(limit=5))
            for row in listed.body.data or ():
                messages = await called(
                    two.rdsai(one.key).get_messages, rds.GetMessagesRequest(conversation_id=row.id, limit=5)
                )
                conversation, task = row.id, (await two.parts.store.read("open_turns"))[0]["run"]
                assert [message.query for message in messages.body.data] == ["why?"]
        await called(two.rdsai(one.key).chat_messages_task_stop, rds.ChatMessagesTaskStopRequest(task_id=task))
        async with asyncio.timeout(5):
            assert answer(await asking) == "磁盘使用率"
        assert answer(await stream(two.rdsai(one.key), conversation_id=conversation)) == "".join(
            piece.text for piece in HELLO if isinstance(piece, Text)
        )
