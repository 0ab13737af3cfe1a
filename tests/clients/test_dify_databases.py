"""A Dify client asks about real databases: one that is well, and all the ways in which one may not answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from dify_client import ChatClient

from clients.running import Server
from clients.test_dify_client import client_of, events, serving
from fix_servers import Database
from models.script import call, end, text

ANSWERED_S = 30.0
"""Budget of a turn's checks, and what a loaded machine adds."""


class Desk:
    """A server with one instance, and a client."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client: ChatClient = client_of(server)

    def watch(self, id: str, url: str) -> None:
        self.server.dbmedic("instance", "add", id, url, "--no-check")

    def ask(self, query: str, instance: str = "rm-shop", conversation: str | None = None) -> dict[str, Any]:
        """The blocking reply, within the time of an answer."""
        began = time.monotonic()
        response = self.client.create_chat_message({"instance": instance}, query, "u1", conversation_id=conversation)
        assert time.monotonic() - began < ANSWERED_S
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        kept = self.client.get_conversation_messages("u1", answer["conversation_id"]).json()["data"][-1]
        assert (kept["id"], kept["answer"], kept["status"]) == (answer["id"], answer["answer"], "normal")
        return answer


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Server(tmp_path) as server:
        yield Desk(server)


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield listening.getsockname()[1]


def test_a_measured_answer_with_the_steps_that_were_taken(desk: Desk, postgres: Database) -> None:
    postgres.run("create table orders as select n as id from generate_series(1, 1000) n")
    desk.watch("rm-shop", postgres.url)
    heard = list(events(desk.client.create_chat_message({}, "实例rm-shop 磁盘使用率,是否需要扩容", "u1", "streaming")))
    names = [event["event"] for event in heard]
    assert names[0] == "workflow_started"
    assert names[-2:] == ["message_end", "workflow_finished"]
    nodes = [event["data"] for event in heard if event["event"] == "node_finished"]
    assert {node["node_type"] for node in nodes} == {"llm", "tool"}
    assert {node["status"] for node in nodes} == {"succeeded"}
    logs = [event["data"] for event in heard if event["event"] == "agent_log"]
    assert any(log["data"].get("measures") for log in logs), "numbers measured are shown as they come"
    answer = heard[-1]["data"]["outputs"]["answer"]
    assert "rm-shop" in answer
    assert any("一" <= letter <= "鿿" for letter in answer), "in the language of the question"
    usage = heard[-2]["metadata"]["usage"]
    assert (usage["total_tokens"], usage["total_price"]) == (0, "0")


def test_a_follow_up_is_about_the_same_instance(desk: Desk, postgres: Database) -> None:
    desk.watch("rm-shop", postgres.url)
    desk.watch("rm-other", postgres.url)
    first = desk.ask("How full is the disk?")
    second = desk.ask("and its connections?", "", first["conversation_id"])
    assert "rm-shop" in second["answer"]


def test_an_unknown_instance_in_a_field_is_refused_and_in_the_text_answered(desk: Desk, postgres: Database) -> None:
    desk.watch("rm-shop", postgres.url)
    refused = desk.client.create_chat_message({"instance": "rm-nowhere"}, "Is anything wrong?", "u1")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")
    assert "rm-shop" in refused.json()["message"]
    answered = desk.ask("Is anything wrong with rm-nowhere?", "")
    assert "rm-nowhere" in answered["answer"]
    assert "rm-shop" in answered["answer"]


@pytest.mark.parametrize("way", ["wrong password", "unreachable host", "silent host"])
def test_a_database_that_lets_nobody_in_is_named_with_the_reason(desk: Desk, postgres: Database, way: str) -> None:
    postgres.run("drop role if exists desk_user", "create role desk_user login password 'right'")
    with silent_port() as silent, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url, word = {
            "wrong password": (
                postgres.server.at(postgres.name, user="desk_user", password="not-this-one"),
                "desk_user",
            ),
            "unreachable host": (f"postgresql://u:pw@127.0.0.1:{unused.getsockname()[1]}/shop", "refused"),
            "silent host": (f"postgresql://u:pw@127.0.0.1:{silent}/shop", str(silent)),
        }[way]
        desk.watch("rm-shop", url)
        answer = desk.ask("Is anything wrong?")["answer"]
    assert "rm-shop" in answer
    assert word in answer
    assert "not-this-one" not in answer, "no password in an answer"
    assert "not-this-one" not in desk.server.log.read_text()


def test_a_role_without_rights_is_told_the_grant_that_would_help(desk: Desk, postgres: Database) -> None:
    postgres.run("drop role if exists desk_poor", "create role desk_poor login password 'poor'")
    desk.watch("rm-shop", postgres.server.at(postgres.name, user="desk_poor", password="poor"))
    answer = desk.ask("Is anything wrong?")["answer"]
    assert "GRANT pg_monitor TO desk_poor" in answer


def test_a_statement_that_is_blocked_is_given_up_and_the_rest_is_answered(desk: Desk, postgres: Database) -> None:
    postgres.run("create table orders as select n as id from generate_series(1, 1000) n")
    desk.watch("rm-shop", postgres.url)
    with psycopg.connect(postgres.url) as holder:
        holder.execute("lock table orders in access exclusive mode")
        answer = desk.ask("How full is the disk?")["answer"]
        holder.rollback()
    assert "rm-shop" in answer


def test_a_question_about_something_else_is_answered_shortly_and_honestly(desk: Desk) -> None:
    answer = desk.ask("What is the weather in Paris?", "")["answer"]
    assert 0 < len(answer) < 1500


async def test_a_stop_cancels_the_statement_on_the_server(tmp_path: Path, postgres: Database) -> None:
    endless = "select count(*) from pg_class a, pg_class b, pg_class c, pg_class d"
    asked = call("query", json.dumps({"instance": "rm-shop", "sql": endless}), id="call_1")
    active = f"""select count(*) from pg_stat_activity
        where state = 'active' and query like '%{endless}%' and pid <> pg_backend_pid()"""

    def running() -> int:
        return int(postgres.run(active)[0][0])

    async with serving(tmp_path, [*asked, *end("tool_calls")], [*text("Done."), *end()]) as (server, client):
        server.dbmedic("instance", "add", "rm-shop", postgres.url, "--no-check")
        response = await asyncio.to_thread(client.create_chat_message, {}, "count", "u1", "streaming")
        reading = events(response)
        task = (await asyncio.to_thread(next, reading))["task_id"]
        for _ in range(100):
            if running():
                break
            await asyncio.sleep(0.03)
        assert running() == 1
        began = time.monotonic()
        key = {"Authorization": f"Bearer {client.api_key}"}
        url = f"{server.url}/v1/chat-messages/{task}/stop"
        await asyncio.to_thread(lambda: requests.post(url, json={"user": "u1"}, headers=key, timeout=5))
        rest = await asyncio.to_thread(list, reading)
        while running():
            await asyncio.sleep(0.02)
        assert time.monotonic() - began < 1.5
    assert rest[-1]["data"]["status"] == "stopped"
