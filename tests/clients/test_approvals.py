"""Changes from question to effect through the customers' own clients: nothing before a person decided, then once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import requests
from alibabacloud_rdsai20250507 import models as rds

from clients.aliyun import called, cloud, stream
from clients.running import Server
from clients.test_dify_client import client_of, events
from dbmedic.assistant.accounts import LOCAL
from dbmedic.core.values import Call, Text
from fix_servers import Database
from models.script import call, end, playing, text

INDEX = {"instance": "rm-shop", "table": "orders", "columns": ["customer"], "purpose": "orders page"}
ORDERS = "create table orders (id int primary key, customer int)"


def indexes(database: Database) -> list[str]:
    if database.server.engine == "postgres":
        rows = database.run("select indexname from pg_indexes where tablename = 'orders' order by 1")
    else:
        rows = database.run(
            "select distinct index_name from information_schema.statistics "
            "where table_schema = database() and index_name <> 'PRIMARY'"
        )
    return [row[0] for row in rows if not row[0].endswith("_pkey")]


@pytest.fixture(params=["postgres", "mariadb"])
def shop(request: pytest.FixtureRequest) -> Database:
    database: Database = request.getfixturevalue(request.param)
    database.run(ORDERS)
    return database


def args(database: Database) -> dict[str, object]:
    schema = "public" if database.server.engine == "postgres" else database.name
    return INDEX | {"table": f"{schema}.orders"}


async def test_an_index_by_rds_ai_and_its_resume_call_id(shop: Database) -> None:
    async with cloud([Call("k1", "create_index", args(shop))], [Text("索引已建好。")]) as here:
        await here.assistant.instances.add("rm-shop", shop.url, LOCAL, write_url=shop.url)
        inputs = rds.ChatMessagesRequestInputs(tool_approval_mode="manual")
        frames = await stream(here.rdsai(), "orders 页面慢", event_mode="separate", inputs=inputs)
        asked = next(one for one in frames if one.event == "tool_approval")
        assert (asked.approval_status, asked.tool_name) == ("pending", "create_index")
        assert frames[-1].event == "workflow_finished"
        listed = (await here.rdsai().get_conversations_async(rds.GetConversationsRequest())).body
        assert [one.status for one in listed.data] == ["pending_approval"]
        again = rds.ChatMessagesRequestInputs(resume_call_id=asked.call_id)
        with pytest.raises(Exception, match="not decided yet"):
            await stream(here.rdsai(), "", conversation_id=asked.conversation_id, inputs=again)
        assert indexes(shop) == []
        await here.assistant.approvals.decide(asked.call_id, LOCAL, granted=True)
        await here.assistant.turns.sweep()
        assert indexes(shop) == [], "this client goes on itself"
        frames = await stream(
            here.rdsai(), "", conversation_id=asked.conversation_id, event_mode="separate", inputs=again
        )
        assert [one.event for one in frames][:2] == ["workflow_started", "tool_approval"]
        assert frames[1].approval_status == "approved"
        assert (frames[0].message_id, frames[0].task_id == asked.task_id) == (asked.message_id, False)
        assert "".join(one.answer for one in frames if one.event == "message") == "索引已建好。"
        assert indexes(shop) == ["orders_customer_idx"]
        with pytest.raises(Exception, match="CallNotFound"):
            await stream(here.rdsai(), "", conversation_id=asked.conversation_id, inputs=again)


@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
async def test_read_only_is_the_mode_of_a_conversation_that_never_set_one(shop: Database) -> None:
    async with cloud([Call("k1", "create_index", args(shop))], [Text("只读。")]) as here:
        await here.assistant.instances.add("rm-shop", shop.url, LOCAL, write_url=shop.url)
        frames = await stream(here.rdsai(), "建索引", event_mode="separate")
        assert not [one for one in frames if one.event == "tool_approval"]
        returned = next(one for one in frames if one.event == "tool_call_finished")
        assert "read only" in returned.answer
    assert indexes(shop) == []


@pytest.mark.parametrize(("shop", "action"), [("postgres", "approve"), ("mariadb", "reject")], indirect=["shop"])
async def test_an_index_by_difys_form(tmp_path: Path, shop: Database, action: str) -> None:
    build = [*call("create_index", json.dumps(args(shop)), id="k1"), *end("tool_calls")]
    async with playing(build, [*text("Done."), *end()]) as script:
        with Server(tmp_path, model_url=script.url, model="script") as server:
            server.dbmedic("instance", "add", "rm-shop", shop.url, "--write-url", shop.url, "--no-check")
            asking = server.key("ops")
            await asyncio.to_thread(_by_form, server, asking, shop, action)
    assert indexes(shop) == (["orders_customer_idx"] if action == "approve" else [])
    told = script.asked[-1]["messages"][-1]["content"]
    assert ("there and valid" if action == "approve" else "not before the sale") in told


def _by_form(server: Server, asking: str, shop: Database, action: str) -> None:
    client = client_of(server, asking)
    heard = list(events(client.create_chat_message({}, "The orders page is slow", "u1", "streaming")))
    assert [one["event"] for one in heard][-1] == "workflow_paused"
    form = next(one["data"] for one in heard if one["event"] == "human_input_required")
    assert "create index" in form["form_content"].lower() or "add index" in form["form_content"].lower()
    place = f"{server.url}/v1/form/human_input/{form['form_token']}"
    comment = "not before the sale" if action == "reject" else "go on"
    decision = {"user": "u2", "inputs": {"comment": comment}, "action": action}

    def bearer(key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"}

    refused = requests.post(place, json=decision, headers=bearer(asking), timeout=10)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert requests.get(place, headers=bearer(server.key("other")), timeout=10).status_code == 404
    assert indexes(shop) == []
    approving = server.key("ops", "--right", "ask", "--right", "approve")
    read = requests.get(place, headers=bearer(approving), timeout=10).json()
    assert [one["id"] for one in read["user_actions"]] == ["approve", "reject"]
    strange = requests.post(place, json=decision | {"action": "maybe"}, headers=bearer(approving), timeout=10)
    assert (strange.status_code, strange.json()["code"]) == (400, "invalid_form_data")
    done = requests.post(place, json=decision, headers=bearer(approving), timeout=10)
    assert (done.status_code, done.json()) == (200, {})
    twice = requests.post(place, json=decision, headers=bearer(approving), timeout=10)
    assert (twice.status_code, twice.json()["code"]) == (412, "human_input_form_submitted")
    run = heard[0]["workflow_run_id"]
    follow = requests.get(
        f"{server.url}/v1/workflow/{run}/events",
        params={"user": "u1", "continue_on_pause": "true"},
        headers=bearer(asking), stream=True, timeout=20,
    )  # fmt: skip
    rest = [one["event"] for one in events(follow)]
    assert rest[-1] == "workflow_finished"
    assert rest.count("human_input_form_filled") == 1
    (kept,) = client.get_conversation_messages("u1", heard[0]["conversation_id"]).json()["data"]
    assert kept["answer"].endswith("Done.")


async def test_an_approval_at_the_command_line_ends_a_session(tmp_path: Path, postgres: Database) -> None:
    import psycopg

    async with await psycopg.AsyncConnection.connect(postgres.url, autocommit=True) as holder:
        args = {"instance": "rm-shop", "session": holder.info.backend_pid, "purpose": "holds a lock"}
        kill = [*call("end_session", json.dumps(args), id="k1"), *end("tool_calls")]
        async with playing(kill, [*text("It is gone."), *end()]) as script:
            with Server(tmp_path, model_url=script.url, model="script") as server:
                server.dbmedic("instance", "add", "rm-shop", postgres.url, "--write-url", postgres.url, "--no-check")
                client = client_of(server)
                asked = await called(client.create_chat_message, {}, "end that session", "u1")
                assert asked.json()["event"] == "workflow_paused"
                (waiting,) = (await called(server.dbmedic, "approve"))["approvals"]
                assert (await called(server.dbmedic, "approve", waiting["id"], "--yes"))["status"] == "approved"
                async with asyncio.timeout(15):
                    while len(script.asked) < 2:
                        await asyncio.sleep(0.05)
                assert (await called(server.dbmedic, "audit", "verify"))["broken"] == []
        with pytest.raises(psycopg.OperationalError):
            await holder.execute("select 1")
