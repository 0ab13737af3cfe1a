"""Conversations and messages: pages, order, and who may see what."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from api.dify.desk import Client, desk
from dbmedic.core.values import Text

ANSWER = (Text("Yes."),)
SEVEN = [f"question {number}" for number in range(7)]


async def one_conversation(client: Client, queries: list[str]) -> str:
    conversation = ""
    for query in queries:
        heard = await client.ask(query, conversation_id=conversation)
        conversation = heard.body["conversation_id"]
    return conversation


def queries(page: Any) -> list[str]:
    return [message["query"] for message in page["data"]]


async def test_the_newest_page_comes_first_and_inside_it_the_oldest_message() -> None:
    async with desk(ANSWER) as (client, _, _):
        conversation = await one_conversation(client, SEVEN)
        newest = (await client.messages(conversation, limit=3)).body
        middle = (await client.messages(conversation, limit=3, first_id=newest["data"][0]["id"])).body
        oldest = (await client.messages(conversation, limit=3, first_id=middle["data"][0]["id"])).body
    assert (queries(newest), newest["has_more"], newest["limit"]) == (SEVEN[4:], True, 3)
    assert (queries(middle), middle["has_more"]) == (SEVEN[1:4], True)
    assert (queries(oldest), oldest["has_more"]) == (SEVEN[:1], False)


async def test_conversations_are_paged_in_the_order_asked_for() -> None:
    async with desk(ANSWER) as (client, _, _):
        ids = [await one_conversation(client, [query]) for query in SEVEN]
        await client.ask("again", conversation_id=ids[0])
        used = [ids[0], *ids[:0:-1]]
        orders = {"-updated_at": used, "updated_at": used[::-1], "created_at": ids, "-created_at": ids[::-1]}
        for sort, expected in orders.items():
            seen, last, more = [], "", True
            while more:
                page = (await client.conversations(sort_by=sort, limit=3, last_id=last)).body
                seen += [row["id"] for row in page["data"]]
                last, more = seen[-1], page["has_more"]
            assert seen == expected, sort
        default = (await client.conversations()).body
        assert [row["id"] for row in default["data"]] == used
        assert default["data"][0].keys() == {
            "id", "name", "inputs", "status", "introduction", "created_at", "updated_at",
        }  # fmt: skip


async def test_a_name_is_the_beginning_of_the_first_question() -> None:
    async with desk(ANSWER) as (client, _, _):
        await client.ask("x" * 20)
        await client.ask("实例rm-demo-shop 磁盘使用率,是否需要扩容")
        names = [row["name"] for row in (await client.conversations()).body["data"]]
    assert names == ["实例rm-demo-shop 磁盘使用率…", "x" * 20]


async def test_a_user_sees_their_own_and_nothing_else() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        conversation = await one_conversation(client, ["mine"])
        message = (await client.messages(conversation)).body["data"][0]["id"]
        same_app = await assistant.keys.create(app="ops")
        other_app = await assistant.keys.create(app="helpdesk")
        colleague = Client(client.http, client.url, same_app.secret)
        assert (await colleague.messages(conversation)).status == 200, "a second key of the same app is the same app"
        for stranger in (client.as_user("u2"), Client(client.http, client.url, other_app.secret)):
            assert (await stranger.conversations()).body["data"] == []
            asked = await stranger.ask("continue", conversation_id=conversation)
            read = await stranger.messages(conversation)
            unknown = await stranger.messages(str(uuid4()))
            assert asked.status == read.status == unknown.status == 404
            assert asked.body == read.body == unknown.body
            assert read.body["message"] == "Conversation Not Exists."
            last = await stranger.conversations(last_id=conversation)
            assert (last.status, last.body["message"]) == (404, "Last Conversation Not Exists.")
            theirs = await one_conversation(stranger, ["theirs"])
            first = await stranger.messages(theirs, first_id=message)
            assert (first.status, first.body["message"]) == (404, "First Message Not Exists.")
        assert queries((await client.messages(conversation)).body) == ["mine"]


async def test_a_user_may_be_left_out_of_a_list_and_is_then_nobody_in_particular() -> None:
    async with desk(ANSWER) as (client, _, _):
        await client.as_user("DEFAULT-USER").ask("anonymous")
        await client.ask("mine")
        heard = await client.call("GET", "/v1/conversations", params={"last_id": "", "limit": ""})
    assert [row["name"] for row in heard.body["data"]] == ["anonymous"]


async def test_an_empty_conversation_id_is_an_empty_page() -> None:
    async with desk(ANSWER) as (client, _, _):
        assert (await client.messages("")).body == {"limit": 20, "has_more": False, "data": []}


async def test_a_list_is_ascii_json_with_a_newline() -> None:
    async with desk(ANSWER) as (client, _, _):
        await client.ask("磁盘")
        url = f"{client.url}/v1/conversations?user={client.user}"
        async with client.http.get(url, headers=client.headers) as response:
            body = await response.read()
    assert body.isascii()
    assert body.endswith(b"}\n")
    assert b"\\u78c1\\u76d8" in body
