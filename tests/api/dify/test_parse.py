"""Requests as operations read them: what is accepted, what is refused and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from dbmedic.api.dify.action import Asked, boolean, chosen, found, json_object, page_size
from dbmedic.api.dify.actions import chat_messages, conversations, messages
from dbmedic.api.dify.wire import Fault

ID = "5c85b2b7-401f-4506-a564-d48685bc0757"


def asked(**fields: Any) -> Asked:
    return Asked(fields, {}, {}, {})


def listed(**query: str) -> Asked:
    return Asked({name: value for name, value in query.items() if value}, {}, query, {})


def test_a_question_with_everything() -> None:
    request = chat_messages.parse(
        asked(
            query="why\0?",
            inputs={"instance": " rm-a ", "team": "ops", "n": 1},
            user="u",
            response_mode="streaming",
            conversation_id=ID.upper(),
            files=[],
            auto_generate_name="false",
            workflow_id=None,
            parent_message_id=7,
            unknown={"field": 1},
        )
    )
    assert request == chat_messages.Request(
        query="why?",
        inputs={"instance": " rm-a ", "team": "ops", "n": 1},
        streaming=True,
        conversation=ID,
        named=False,
        after=None,
        workflow=None,
        files=(),
    )


@pytest.mark.parametrize("mode", [None, "blocking"])
@pytest.mark.parametrize("conversation", [None, "", "  "])
def test_what_is_null_or_empty_counts_as_absent(mode: str | None, conversation: str | None) -> None:
    request = chat_messages.parse(
        asked(query="q", inputs={"instance": ""}, response_mode=mode, conversation_id=conversation, files=None)
    )
    assert (request.streaming, request.conversation) == (False, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": None}, "inputs: Field required"),
        ({"inputs": []}, "inputs: Input should be an object"),
        ({"query": None}, "query: Field required"),
        ({"query": 5}, "query: Input should be a string"),
        ({"query": ""}, "query is required"),
        ({"query": " \n\0"}, "query is required"),
        ({"response_mode": "stream"}, "response_mode: Input should be 'streaming' or 'blocking'"),
        ({"conversation_id": "1"}, "conversation_id must be a valid UUID"),
        ({"conversation_id": 1}, "conversation_id: Input should be a string"),
        ({"files": {}}, "files: Input should be a list"),
        ({"auto_generate_name": "maybe"}, "auto_generate_name: Input should be a valid boolean"),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Fault) as refused:
        chat_messages.parse(asked(**{"query": "q", "inputs": {}, **change}))
    assert (refused.value.status, refused.value.code, refused.value.message) == (400, "invalid_param", message)


def test_a_workflow_id_of_another_form_is_a_bad_request() -> None:
    with pytest.raises(Fault) as refused:
        chat_messages.parse(asked(query="q", inputs={}, workflow_id="v1"))
    assert (refused.value.code, refused.value.message) == ("bad_request", "Invalid workflow_id format: 'v1'. ")


@pytest.mark.parametrize("place", ["headers", "query", "fields"])
def test_a_trace_session_is_200_characters_at_most(place: str) -> None:
    name = "x-trace-session-id" if place == "headers" else "trace_session_id"
    for size, good in ((200, True), (201, False), (0, False)):
        given: dict[str, Any] = {"fields": {"query": "q", "inputs": {}}, "path": {}, "query": {}, "headers": {}}
        given[place] = {**given[place], name: "x" * size}
        if good:
            chat_messages.parse(Asked(**given))
        else:
            with pytest.raises(Fault, match="trace_session_id"):
                chat_messages.parse(Asked(**given))


@pytest.mark.parametrize("content_type", ["text/plain", "", "multipart/form-data; boundary=x"])
def test_a_body_of_another_type_is_not_read(content_type: str) -> None:
    with pytest.raises(Fault) as refused:
        json_object(content_type, b"{}")
    assert (refused.value.status, refused.value.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b'{"a": "\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(Fault) as refused:
        json_object("application/json; charset=utf-8", body)
    assert (refused.value.status, refused.value.code) == (400, "bad_request")


def test_booleans_are_read_leniently() -> None:
    assert all(boolean(value, "x") is True for value in (True, 1, "true", "1", "on", "Yes"))
    assert all(boolean(value, "x") is False for value in (False, 0, "false", "0", "off", "No"))
    with pytest.raises(Fault, match="x: Input should be a valid boolean"):
        boolean(2, "x")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.5", "²", "9" * 40])
def test_a_page_has_1_to_100_rows(limit: str) -> None:
    with pytest.raises(Fault, match="limit"):
        page_size({"limit": limit})
    assert (page_size({}), page_size({"limit": "1"}), page_size({"limit": "100"})) == (20, 1, 100)


def test_empty_query_values_count_as_absent_but_a_conversation_must_be_named() -> None:
    assert messages.parse(listed(conversation_id="", first_id="", limit="")) == messages.Request(None, None, 20)
    with pytest.raises(Fault, match="conversation_id: Field required"):
        messages.parse(listed())
    assert conversations.parse(listed(last_id="", sort_by="")) == conversations.Request(None, 20, "-updated_at")


def test_sorting_is_by_one_of_four_keys() -> None:
    assert conversations.parse(listed(sort_by="created_at")).sort == "created_at"
    with pytest.raises(Fault, match="sort_by"):
        conversations.parse(listed(sort_by="name"))


def test_operations_are_found_by_path_and_method() -> None:
    assert {action.name for action in found()} >= {"chat_messages", "stop", "messages", "conversations"}
    assert chosen("POST", "/chat-messages/abc/stop")[1] == {"task_id": "abc"}
    assert chosen("HEAD", "/messages")[0].name == "messages"
    for method, path, status in [("GET", "/nothing", 404), ("GET", "/chat-messages", 405), ("POST", "/messages", 405)]:
        with pytest.raises(Fault) as refused:
            chosen(method, path)
        assert refused.value.status == status
    assert refused.value.headers == ((b"allow", b"GET, OPTIONS"),)
