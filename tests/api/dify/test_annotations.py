"""Annotations: kept for an app, and given as answers to questions that are near enough."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from api.dify.desk import Client, Heard, desk
from api.dify.playing import text_of
from dbmedic.assistant.annotations import closeness
from dbmedic.core.values import Text
from dbmedic.knowledge.tokens import words

ANSWER = (Text("Said by the model."),)
ON = {"score_threshold": 0.8, "embedding_provider_name": "any", "embedding_model_name": "any"}


async def create(client: Client, question: str, answer: str) -> Heard:
    return await client.call("POST", "/v1/apps/annotations", json={"question": question, "answer": answer})


async def switch(client: Client, action: str, **fields: Any) -> Heard:
    return await client.call("POST", f"/v1/apps/annotation-reply/{action}", json={**ON, **fields})


async def listed(client: Client, **query: str) -> Any:
    return (await client.call("GET", "/v1/apps/annotations", params=query)).body


async def test_an_annotation_is_made_changed_and_deleted() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        made = await create(client, "Who owns the backups?", "The night team.")
        path = f"/v1/apps/annotations/{made.body['id']}"
        changed = await client.call("PUT", path, json={"question": "Who owns backups?", "answer": "Ops."})
        page = await listed(client, keyword="OPS")
        other = Client(client.http, client.url, (await assistant.keys.create(app="helpdesk")).secret)
        theirs = await listed(other)
        foreign = [
            await other.call("PUT", path, json={"question": "q", "answer": "a"}), await other.call("DELETE", path),
        ]  # fmt: skip
        gone = await client.call("DELETE", path)
        again = await client.call("DELETE", path)
    assert made.status == 201
    assert made.body.keys() == {"id", "question", "answer", "hit_count", "created_at"}
    assert changed.body == {**made.body, "question": "Who owns backups?", "answer": "Ops."}
    assert page == {"data": [changed.body], "has_more": False, "limit": 20, "total": 1, "page": 1}
    assert theirs["data"] == []
    assert {one.status for one in foreign} == {404}
    assert (gone.status, again.status, again.body["code"]) == (204, 404, "not_found")


async def test_annotations_come_in_pages() -> None:
    async with desk(ANSWER) as (client, _, _):
        for number in range(5):
            await create(client, f"question {number}", "a")
        first, last = await listed(client, limit="3"), await listed(client, limit="3", page="2")
        wrong = await client.call("GET", "/v1/apps/annotations", params={"page": "0"})
    assert [one["question"][-1] for one in (*first["data"], *last["data"])] == ["4", "3", "2", "1", "0"]
    assert (first["has_more"], last["has_more"], first["total"]) == (True, False, 5)
    assert wrong.status == 400


@pytest.mark.parametrize(
    ("question", "near"),
    [
        ("Who owns the backups of the shop?", True),
        ("who owns   BACKUPS of shop", True),
        ("Why is the shop slow?", False),
    ],
)
async def test_a_near_question_gets_the_kept_answer_and_is_marked(question: str, near: bool) -> None:
    async with desk(ANSWER) as (client, _, _):
        made = (await create(client, "Who owns the backups of the shop?", "The night team.")).body
        before = await client.ask("Who owns the backups of the shop?")
        await switch(client, "enable")
        events = await client.stream(question)
        blocking = await client.ask(question)
        (message,) = (await client.messages(blocking.body["conversation_id"])).body["data"]
        hits = (await listed(client))["data"][0]["hit_count"]
        offered = (await client.call("GET", "/v1/parameters")).body["annotation_reply"]
        await switch(client, "disable")
        after = await client.ask(question)
    said = "The night team." if near else "Said by the model."
    mark = {"id": made["id"], "account": {"id": "default", "name": "dbmedic"}} if near else None
    assert before.body["answer"] == after.body["answer"] == "Said by the model."
    assert text_of(events) == blocking.body["answer"] == message["answer"] == said
    (end,) = [event for event in events if event["event"] == "message_end"]
    assert end["metadata"]["annotation_reply"] == blocking.body["metadata"]["annotation_reply"] == mark
    assert events[-1]["data"]["status"] == "succeeded"
    assert hits == 2 * near
    assert offered == {"enabled": True}


async def test_another_app_answers_for_itself() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        await create(client, "Who owns the backups?", "The night team.")
        await switch(client, "enable")
        other = Client(client.http, client.url, (await assistant.keys.create(app="helpdesk")).secret)
        assert (await other.ask("Who owns the backups?")).body["answer"] == "Said by the model."


async def test_a_change_is_a_job_that_is_done() -> None:
    async with desk(ANSWER) as (client, _, _):
        job = (await switch(client, "enable")).body
        status = await client.call("GET", f"/v1/apps/annotation-reply/enable/status/{job['job_id']}")
        unknown = await client.call("GET", "/v1/apps/annotation-reply/enable/status/x")
        wrong = [
            await switch(client, "enable", score_threshold="high"), await switch(client, "disable", score_threshold=2),
            await switch(client, "enable", embedding_model_name=None), await create(client, " ", "a"),
            await create(client, "q", "a" * 20_001),
        ]  # fmt: skip
        nowhere = await switch(client, "explode")
    assert status.body == {**job, "error_msg": ""}
    assert (unknown.status, unknown.body["message"]) == (400, "The job does not exist.")
    assert {one.status for one in wrong} == {400}
    assert nowhere.status == 404


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("磁盘满了怎么办", "磁盘满了怎么办？", True),
        ("磁盘满了怎么办", "CPU 为什么这么高", False),
        ("How full is the disk of rm-a?", "How full is the disk of rm-b?", False),
        ("vacuum the orders table", "vacuuming the table orders", True),
    ],
)
def test_closeness_is_of_words(one: str, other: str, near: bool) -> None:
    assert (closeness(Counter(words(one)), Counter(words(other))) >= 0.9) == near
