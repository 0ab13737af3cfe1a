"""What people do with conversations and messages: rename, delete, rate, ask what to ask next."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from api.dify.desk import Client, Heard, desk
from dbmedic.core.values import Text

ANSWER = (Text("Yes."),)


async def rename(client: Client, conversation: str, **fields: Any) -> Heard:
    return await client.call("POST", f"/v1/conversations/{conversation}/name", json={"user": client.user, **fields})


async def rate(client: Client, message: str, rating: Any, **fields: Any) -> Heard:
    body = {"user": client.user, "rating": rating, **fields}
    return await client.call("POST", f"/v1/messages/{message}/feedbacks", json=body)


async def test_a_conversation_is_renamed_and_moves_to_the_top() -> None:
    async with desk(ANSWER) as (client, _, _):
        first = (await client.ask("first")).body["conversation_id"]
        await client.ask("second")
        renamed = await rename(client, first, name="  磁盘  ")
        listed = (await client.conversations()).body["data"]
        by_content = await rename(client, first, auto_generate=True)
    assert renamed.status == 200
    assert renamed.body["name"] == "磁盘"
    assert renamed.body.keys() == listed[0].keys()
    assert [row["name"] for row in listed] == ["磁盘", "second"]
    assert by_content.body["name"] == "first"


async def test_a_name_is_needed_unless_it_is_generated() -> None:
    async with desk(ANSWER) as (client, _, _):
        conversation = (await client.ask()).body["conversation_id"]
        for fields in ({}, {"name": " "}, {"name": None, "auto_generate": False}):
            heard = await rename(client, conversation, **fields)
            assert (heard.status, heard.body["message"]) == (400, "name is required when auto_generate is false")
        assert (await rename(client, conversation, name=7)).status == 400
        assert (await rename(client, conversation, name="x", auto_generate="perhaps")).status == 400


async def test_a_deleted_conversation_is_gone_for_everything() -> None:
    async with desk(ANSWER) as (client, _, _):
        asked = await client.ask()
        conversation, run = asked.body["conversation_id"], asked.headers["X-Workflow-Run-ID"]
        path = f"/v1/conversations/{conversation}"
        gone = await client.call("DELETE", path, json={"user": "u1"})
        assert (gone.status, gone.body) == (204, "") or (gone.status, gone.body) == (204, None)
        assert gone.headers["Content-Type"] == "application/json"
        assert "Content-Length" not in gone.headers
        assert (await client.conversations()).body["data"] == []
        for heard in (
            await client.call("DELETE", path, json={"user": "u1"}),
            await client.messages(conversation),
            await rename(client, conversation, name="x"),
            await client.ask(conversation_id=conversation),
            await client.call("GET", f"{path}/variables", params={"user": "u1"}),
        ):
            assert (heard.status, heard.body["message"]) == (404, "Conversation Not Exists.")
        assert (await client.call("GET", f"/v1/workflows/run/{run}")).status == 404
        message = asked.body["message_id"]
        for heard in (
            await rate(client, message, "like"),
            await client.call("GET", f"/v1/messages/{message}/suggested", params={"user": "u1"}),
        ):
            assert (heard.status, heard.body["message"]) == (404, "Message Not Exists.")


async def test_only_its_user_may_do_anything_to_a_conversation() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        asked = (await client.ask()).body
        conversation, message = asked["conversation_id"], asked["message_id"]
        other = await assistant.keys.create(app="helpdesk")
        for stranger in (client.as_user("u2"), Client(client.http, client.url, other.secret)):
            path = f"/v1/conversations/{conversation}"
            heard = [
                await rename(stranger, conversation, name="mine"),
                await stranger.call("DELETE", path, json={"user": stranger.user}),
                await stranger.call("GET", f"{path}/variables", params={"user": stranger.user}),
            ]
            assert {(one.status, one.body["message"]) for one in heard} == {(404, "Conversation Not Exists.")}
            suggested = {"user": stranger.user}
            heard = [
                await rate(stranger, message, "like"),
                await stranger.call("GET", f"/v1/messages/{message}/suggested", params=suggested),
            ]
            assert {(one.status, one.body["message"]) for one in heard} == {(404, "Message Not Exists.")}
        assert [row["name"] for row in (await client.conversations()).body["data"]] == ["why?"]


async def test_there_are_no_variables() -> None:
    async with desk(ANSWER) as (client, _, _):
        conversation = (await client.ask()).body["conversation_id"]
        path = f"/v1/conversations/{conversation}/variables"
        listed = await client.call("GET", path, params={"user": "u1", "variable_name": "in"})
        unknown = await client.call("GET", path, params={"user": "u1", "last_id": str(uuid4())})
        wrong = await client.call("GET", path, params={"user": "u1", "variable_name": "a b"})
        put = await client.call("PUT", f"{path}/{uuid4()}", json={"user": "u1", "value": 1})
        bare = await client.call("PUT", f"{path}/{uuid4()}", json={"user": "u1"})
    assert listed.body == {"limit": 20, "has_more": False, "data": []}
    assert (unknown.status, unknown.body["code"], unknown.body["message"]) == (400, "invalid_param", "")
    assert wrong.status == bare.status == 400
    assert (put.status, put.body["message"]) == (404, "Conversation Variable Not Exists.")


async def test_a_rating_is_kept_replaced_and_taken_back() -> None:
    async with desk(ANSWER) as (client, _, _):
        asked = (await client.ask()).body
        message, conversation = asked["message_id"], asked["conversation_id"]

        async def shown() -> Any:
            return (await client.messages(conversation)).body["data"][0]["feedback"]

        assert await shown() is None
        assert (await rate(client, message, "like")).body == {"result": "success"}
        assert await shown() == {"rating": "like"}
        await rate(client, message, "dislike", content="too long")
        assert await shown() == {"rating": "dislike"}
        (listed,) = (await client.call("GET", "/v1/app/feedbacks")).body["data"]
        assert (listed["rating"], listed["content"], listed["message_id"]) == ("dislike", "too long", message)
        assert (listed["from_source"], listed["conversation_id"]) == ("user", conversation)
        assert listed["created_at"] <= listed["updated_at"]
        end_user = await client.call("GET", f"/v1/end-users/{listed['from_end_user_id']}")
        assert (end_user.body["session_id"], end_user.body["is_anonymous"]) == ("u1", False)
        await rate(client, message, None)
        assert await shown() is None
        nothing = await rate(client, message, None)
        assert (nothing.status, nothing.body["message"]) == (400, "rating cannot be None when feedback not exists")
        for rating in ("maybe", 1, {}):
            assert (await rate(client, message, rating)).status == 400


async def test_feedback_is_listed_newest_first_and_for_one_app() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        messages = [(await client.as_user(f"u{n}").ask()).body["message_id"] for n in range(5)]
        for number, message in enumerate(messages):
            await rate(client.as_user(f"u{number}"), message, "like")
        first = (await client.call("GET", "/v1/app/feedbacks", params={"limit": "3"})).body["data"]
        second = (await client.call("GET", "/v1/app/feedbacks", params={"limit": "3", "page": "2"})).body["data"]
        other = await assistant.keys.create(app="helpdesk")
        theirs = await Client(client.http, client.url, other.secret).call("GET", "/v1/app/feedbacks")
        wrong = await client.call("GET", "/v1/app/feedbacks", params={"limit": "102"})
    assert [one["message_id"] for one in (*first, *second)] == messages[::-1]
    assert theirs.body == {"data": []}
    assert wrong.status == 400


CHINESE = ["rm-a 上哪些 SQL 消耗最大？", "rm-b 的磁盘使用率是多少，需要扩容吗？", "rm-a 上谁阻塞了谁？"]


async def test_questions_to_follow_are_in_the_language_of_the_last_one() -> None:
    async with desk(ANSWER) as (client, _, _):
        english = (await client.ask("Hello")).body["message_id"]
        chinese = (await client.ask("你好")).body["message_id"]
        heard = [
            await client.call("GET", f"/v1/messages/{message}/suggested", params={"user": "u1"})
            for message in (english, chinese)
        ]
        nobody = await client.call("GET", f"/v1/messages/{english}/suggested")
    assert [one.body for one in heard] == [
        {
            "result": "success",
            "data": [
                "Which statements cost the most on rm-a?",
                "How full is the disk of rm-b, do we need more?",
                "Who blocks whom on rm-a?",
            ],
        },
        {"result": "success", "data": CHINESE},
    ]
    assert (nobody.status, nobody.body["message"]) == (400, "Arg user must be provided.")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/v1/conversations/x", {}),
        ("POST", "/v1/conversations/x/name", {"name": "n"}),
        ("POST", "/v1/messages/x/feedbacks", {"rating": "like"}),
    ],
)
async def test_an_id_that_is_none_leads_nowhere(method: str, path: str, body: dict[str, Any]) -> None:
    async with desk(ANSWER) as (client, _, _):
        heard = await client.call(method, path, json={"user": "u1", **body})
        bare = await client.call(method, path)
    assert (heard.status, heard.body["code"]) == (404, "not_found")
    assert (bare.status, bare.body["code"]) == (415, "unsupported_media_type")
