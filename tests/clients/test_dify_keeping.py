"""Every other method of the published Python client, and a whole conversation, against a running server."""

from __future__ import annotations

import asyncio
import inspect
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from dify_client import ChatClient, CompletionClient

from clients.running import Server
from clients.test_dify_client import client_of, serving
from models.script import Wait, end, text

LOG = (
    b"2026-11-21 10:00:00 UTC [1] ERROR:  deadlock detected\n"
    b"2026-11-21 10:00:01 UTC [2] FATAL:  remaining connection slots are reserved\n"
)
SLOW = [step for word in ("one ", "two ", "three ", "four ", "five ") for step in (*text(word), Wait(0.2))] + end()


def headers(client: ChatClient) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.api_key}"}


def upload(client: ChatClient, user: str, name: str = "server.log", content: bytes = LOG) -> Any:
    answer = client.file_upload(user, {"file": (name, content, "text/plain")})
    assert answer.status_code == 201, answer.text
    return answer.json()


def sent(id: str) -> list[dict[str, str]]:
    return [{"type": "document", "transfer_method": "local_file", "upload_file_id": id}]


async def test_a_file_a_rename_a_rating_and_the_history_of_it(tmp_path: Path) -> None:
    """Without a model: the analyst says what the attached log is."""

    def talk(client: ChatClient) -> None:
        assert client.get_application_parameters("u1").json()["file_upload"]["enabled"] is True
        file = upload(client, "u1")
        asked = client.create_chat_message({}, "What is in this file?", "u1", files=sent(file["id"])).json()
        assert "log of PostgreSQL" in asked["answer"]
        conversation, message = asked["conversation_id"], asked["message_id"]
        assert client.rename_conversation(conversation, "Incident 7", "u1").json()["name"] == "Incident 7"
        assert client.message_feedback(message, "like", "u1").json() == {"result": "success"}
        (row,) = client.get_conversation_messages("u1", conversation).json()["data"]
        assert (row["answer"], row["feedback"]) == (asked["answer"], {"rating": "like"})
        assert row["retriever_resources"] == asked["metadata"]["retriever_resources"]
        assert [one["filename"] for one in row["message_files"]] == ["server.log"]
        shown = requests.get(f"{client.base_url}/files/{file['id']}/preview", headers=headers(client), timeout=5)
        assert shown.content == LOG
        assert [row["name"] for row in client.get_conversations("u1").json()["data"]] == ["Incident 7"]

    with Server(tmp_path) as server:
        await asyncio.to_thread(talk, client_of(server))
        folder = sorted(path.name for path in (tmp_path / "files").iterdir())
    assert len(folder) == 2
    assert folder[1] == f"{folder[0]}.txt"


async def test_two_users_of_one_app_never_see_each_other(tmp_path: Path) -> None:
    def peep(client: ChatClient) -> None:
        mine = upload(client, "u1")
        asked = client.create_chat_message({}, "hello", "u1", files=sent(mine["id"])).json()
        conversation, message = asked["conversation_id"], asked["message_id"]
        refused: list[Callable[[], requests.Response]] = [
            lambda: client.rename_conversation(conversation, "x", "u2"),
            lambda: client.message_feedback(message, "like", "u2"),
            lambda: client.get_conversation_messages("u2", conversation),
            lambda: client.create_chat_message({}, "q", "u2", conversation_id=conversation),
        ]
        assert [call().status_code for call in refused] == [404] * len(refused)
        stolen = client.create_chat_message({}, "q", "u2", files=sent(mine["id"]))
        assert (stolen.status_code, stolen.json()["message"]) == (400, "Invalid upload file")
        assert client.get_conversations("u2").json()["data"] == []

    with Server(tmp_path) as server:
        await asyncio.to_thread(peep, client_of(server))


async def test_a_completion_client_is_told_that_this_app_chats(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        client = CompletionClient(server.key())
        client.base_url = f"{server.url}/v1"
        answer = await asyncio.to_thread(client.create_completion_message, {}, "blocking", "u1")
    assert (answer.status_code, answer.json()["code"]) == (400, "app_unavailable")


def cut(client: ChatClient, run: str, last: str | None) -> tuple[list[str], str]:
    """(answers, last id) of the frames up to the second that has an answer; then the connection is cut."""
    url = f"{client.base_url}/workflow/{run}/events"
    query = {"user": "u1", "last_event_id": last or "0"}
    answers: list[str] = []
    with requests.get(url, params=query, headers=headers(client), stream=True, timeout=10) as response:
        assert response.status_code == 200, response.text
        id = last or "0"
        for line in response.iter_lines(decode_unicode=True):
            if line.startswith("id: "):
                id = line[4:]
            elif line.startswith("data: "):
                event = json.loads(line[6:])
                if event["event"] == "message":
                    answers.append(event["answer"])
                    return answers, id
                if event["event"] == "workflow_finished":
                    return [*answers, f"<{event['data']['status']}>"], id
    return answers, id


async def test_a_stream_cut_five_times_is_whole(tmp_path: Path) -> None:
    async with serving(tmp_path, SLOW) as (_, client):

        def resumed() -> str:
            with client.create_chat_message({}, "count", "u1", "streaming") as response:
                run = response.headers["X-Workflow-Run-ID"]
            said, last = "", None
            for _ in range(20):
                answers, last = cut(client, run, last)
                said += "".join(answers)
                if said.endswith(">"):
                    return said
            return said

        assert await asyncio.to_thread(resumed) == "one two three four five <succeeded>"


async def test_a_run_that_a_crash_ended_is_followed_to_its_end_after_the_restart(tmp_path: Path) -> None:
    async with serving(tmp_path, [*text("Begun "), Wait(1.5), *text("more"), Wait(60)]) as (server, client):

        def crashed() -> str:
            with client.create_chat_message({}, "q", "u1", "streaming") as response:
                run = response.headers["X-Workflow-Run-ID"]
            first, last = cut(client, run, None)
            second, last = cut(client, run, last)
            server.end(signal.SIGKILL)
            server.start()
            client.base_url = f"{server.url}/v1"
            third, _ = cut(client, run, last)
            return "".join([*first, *second, *third])

        said = await asyncio.to_thread(crashed)
    assert said == "Begun more<failed>"


@pytest.mark.parametrize("path", ["workflow/x/events?user=u1", "workflows/run/x", "files/x/preview", "end-users/x"])
async def test_what_is_not_there_is_not_found(tmp_path: Path, path: str) -> None:
    with Server(tmp_path) as server:
        client = client_of(server)
        answer = await asyncio.to_thread(requests.get, f"{client.base_url}/{path}", headers=headers(client), timeout=5)
    assert answer.status_code == 404
    assert answer.json().keys() == {"code", "message", "status"}


def test_every_method_of_the_client_is_called_in_these_tests() -> None:
    methods = {
        name
        for kind in (ChatClient, CompletionClient)
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }
    assert len(methods) == 8
    called = "\n".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_dify_*.py"))
    assert [name for name in sorted(methods) if f".{name}(" not in called and f".{name}," not in called] == []
