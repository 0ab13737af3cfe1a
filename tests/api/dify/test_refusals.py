"""Requests that are refused: in which order things are checked, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from api.dify.desk import Client, Heard, desk
from dbmedic.api.http import BODY_BYTES
from dbmedic.assistant.turns import QUESTION_CHARS
from dbmedic.core.values import Text

ANSWER = (Text("Yes."),)
JSON = {"Content-Type": "application/json"}


def error(heard: Heard) -> tuple[int, str, str]:
    assert heard.body.keys() == {"code", "message", "status"}
    assert heard.body["status"] == heard.status
    assert heard.headers["Content-Type"] == "application/json"
    return heard.status, heard.body["code"], heard.body["message"]


async def post(client: Client, body: Any, **headers: str) -> Heard:
    path = "/v1/chat-messages"
    if isinstance(body, bytes):
        return await client.call("POST", path, data=body, headers={**client.headers, **JSON, **headers})
    return await client.call("POST", path, json=body, headers={**client.headers, **headers})


async def test_a_key_is_asked_for_before_anything_else_is_looked_at() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        revoked = await assistant.keys.create(app="ops")
        await assistant.keys.revoke(revoked.id)
        admin = await assistant.keys.create(kind="admin")
        cases = {
            "": "Authorization header must be provided and start with 'Bearer'",
            "Basic abc": "Authorization scheme must be 'Bearer'",
            "Bearer app-nobodys": "Access token is invalid",
            f"Bearer {revoked.secret}": "Access token is invalid",
            f"Bearer {admin.secret}": "Access token is invalid",
        }
        for given, message in cases.items():
            for path, broken in (("/v1/chat-messages", b"{"), ("/v1/chat-messages/x/stop", b"")):
                heard = await client.call("POST", path, data=broken, headers={"Authorization": given})
                assert error(heard) == (401, "unauthorized", message)
                assert heard.headers["WWW-Authenticate"] == 'Bearer realm="api"'
        heard = await client.call("GET", "/v1/messages", headers={})
        assert heard.status == 401


async def test_a_user_is_asked_for_before_the_fields() -> None:
    async with desk(ANSWER) as (client, _, _):
        for user in ({}, {"user": ""}, {"user": None}):
            heard = await post(client, {"response_mode": "wrong", **user})
            assert error(heard) == (400, "invalid_param", "Arg user must be provided.")
            heard = await client.call("POST", "/v1/chat-messages/x/stop?user=u", json=user)
            assert error(heard) == (400, "invalid_param", "Arg user must be provided.")
        assert error(await post(client, {"user": "u"})) == (400, "invalid_param", "inputs: Field required")
        assert error(await post(client, {"user": ["u"]}))[1] == "invalid_param"
        assert error(await post(client, {"user": "u" * 256}))[1] == "invalid_param"


async def test_a_number_is_a_user() -> None:
    async with desk(ANSWER) as (client, _, _):
        assert (await post(client, {"query": "q", "inputs": {}, "user": 7})).status == 200
        assert len((await client.as_user("7").conversations()).body["data"]) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"user": "\xff"}', b'{"user": "\\ud800"}'])
async def test_a_body_that_is_no_json_object_is_a_bad_request(body: bytes) -> None:
    async with desk(ANSWER) as (client, _, _):
        assert error(await post(client, body))[:2] == (400, "bad_request")


async def test_another_content_type_is_refused() -> None:
    async with desk(ANSWER) as (client, _, _):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            heard = await post(client, b"{}", **{"Content-Type": kind})
            assert error(heard)[:2] == (415, "unsupported_media_type")


async def test_a_question_is_100000_characters_at_most_and_a_request_a_mebibyte() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        fits = await client.ask("x" * QUESTION_CHARS)
        assert fits.status == 200
        for size in (QUESTION_CHARS + 1, 1_000_000, BODY_BYTES, 5 * BODY_BYTES):
            for mode in ("blocking", "streaming"):
                status, code, message = error(await client.ask("x" * size, response_mode=mode))
                assert (status, code) == (413, "request_entity_too_large")
                assert "limit" in message
        assert assistant.turns.running == 0
        assert (await client.ask("still there?")).status == 200


@pytest.mark.parametrize("query", ["", "  ", "\0"])
async def test_an_empty_question_is_refused(query: str) -> None:
    async with desk(ANSWER) as (client, _, _):
        assert error(await client.ask(query)) == (400, "invalid_param", "query is required")
        assert error(await client.ask(query, response_mode="streaming")) == (400, "invalid_param", "query is required")
        assert (await client.conversations()).body["data"] == []


async def test_a_workflow_is_the_published_one_or_none() -> None:
    async with desk(ANSWER) as (client, _, _):
        published = (await client.stream())[0]["data"]["workflow_id"]
        assert (await client.ask(workflow_id=published.upper())).status == 200
        other = "5c85b2b7-401f-4506-a564-d48685bc0757"
        assert error(await client.ask(workflow_id=other)) == (404, "not_found", f"Workflow not found with id: {other}")


async def test_a_key_without_the_right_to_ask_is_forbidden() -> None:
    async with desk(ANSWER, rights=["approve"]) as (client, _, _):
        assert error(await client.ask())[:2] == (403, "forbidden")


async def test_welcome_needs_no_key() -> None:
    async with desk(ANSWER) as (client, _, _):
        heard = await client.call("GET", "/v1/", headers={})
        assert heard.body["welcome"] == "Dify OpenAPI"
        assert heard.body["api_version"] == "v1"
        assert heard.headers["X-Version"] == heard.body["server_version"]


async def test_other_paths_and_methods_are_told_in_json() -> None:
    async with desk(ANSWER) as (client, _, seen):
        for path in ("/v1/nothing", "/v1/chat-messages/", "/v1/chat-messages/x/y/stop"):
            assert error(await client.call("GET", path))[:2] == (404, "not_found")
        heard = await client.call("GET", "/v1/chat-messages")
        assert error(heard)[:2] == (405, "method_not_allowed")
        assert heard.headers["Allow"] == "OPTIONS, POST"
        heard = await client.call("GET", "/elsewhere")
        assert heard.status == 404
        assert {one.operation for one in seen} == {"unknown"}, "a path that anybody may make up names no metric"


async def test_browsers_of_any_origin_may_ask() -> None:
    async with desk(ANSWER) as (client, _, _):
        asking = {"Origin": "http://x", "Access-Control-Request-Method": "POST"}
        heard = await client.call("OPTIONS", "/v1/chat-messages", headers=asking)
        assert heard.status == 200
        assert heard.headers["Access-Control-Allow-Methods"] == "GET, PUT, POST, DELETE, OPTIONS, PATCH"
        allowed = heard.headers["Access-Control-Allow-Headers"].split(", ")
        assert {"Content-Type", "Authorization", "X-App-Code", "X-App-Passport"} <= set(allowed)
        for answer in (heard, await client.ask(), await client.call("GET", "/v1/x"), await client.ask("")):
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert {"X-Version", "X-Env", "X-Trace-Id"} <= set(
                answer.headers["Access-Control-Expose-Headers"].split(", ")
            )
            assert answer.headers["X-Env"] == "PRODUCTION"
            assert answer.headers["X-Request-Id"]


async def test_what_was_refused_or_answered_is_seen_with_operation_and_key() -> None:
    async with desk(ANSWER) as (client, assistant, seen):
        await client.ask()
        await client.ask("")
        await client.call("GET", "/v1/messages", headers={})
        (key,) = [key.id for key in await assistant.keys.list()]
    assert [(one.api, one.operation, one.status, one.key) for one in seen] == [
        ("dify", "chat_messages", 200, key),
        ("dify", "chat_messages", 400, key),
        ("dify", "messages", 401, ""),
    ]
