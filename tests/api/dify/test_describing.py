"""The app describes itself; and what it does not do it says in the words of the reference."""

from __future__ import annotations

import io

import pytest

from api.dify.desk import Client, desk
from dbmedic.core.values import Text

ANSWER = (Text("Yes."),)
PARAMETERS = {
    "opening_statement", "suggested_questions", "suggested_questions_after_answer", "speech_to_text", "text_to_speech",
    "retriever_resource", "annotation_reply", "more_like_this", "user_input_form", "sensitive_word_avoidance",
    "file_upload", "system_parameters",
}  # fmt: skip
SITE = {
    "title", "chat_color_theme", "chat_color_theme_inverted", "icon_type", "icon", "icon_background", "icon_url",
    "description", "copyright", "privacy_policy", "input_placeholder", "custom_disclaimer", "default_language",
    "show_workflow_steps", "use_icon_as_answer_icon",
}  # fmt: skip


async def test_the_app_says_what_it_is_and_offers() -> None:
    async with desk(ANSWER) as (client, assistant, _):
        info, meta, site, parameters = [
            await client.call("GET", f"/v1/{path}") for path in ("info", "meta", "site", "parameters")
        ]
        other = await assistant.keys.create(app="helpdesk")
        theirs = await Client(client.http, client.url, other.secret).call("GET", "/v1/info")
    assert info.body.keys() == {"name", "description", "tags", "mode", "author_name"}
    assert (info.body["name"], info.body["mode"], theirs.body["name"]) == ("ops", "advanced-chat", "helpdesk")
    assert meta.body.keys() == {"tool_icons"}
    assert site.body.keys() == SITE
    assert parameters.body.keys() == PARAMETERS
    (form,) = parameters.body["user_input_form"]
    assert form["text-input"]["variable"] == "instance"
    assert parameters.body["system_parameters"]["file_size_limit"] == 15


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("completion-messages", "app_unavailable"),
        ("completion-messages/t/stop", "app_unavailable"),
        ("workflows/run", "not_workflow_app"),
        ("workflows/w/run", "not_workflow_app"),
        ("workflows/tasks/t/stop", "not_workflow_app"),
    ],
)
async def test_routes_of_other_kinds_of_app_say_so(path: str, code: str) -> None:
    async with desk(ANSWER) as (client, _, _):
        heard = await client.call("POST", f"/v1/{path}", json={"user": "u1"})
        nobody = await client.call("POST", f"/v1/{path}", json={})
    assert (heard.status, heard.body["code"]) == (400, code)
    assert (nobody.status, nobody.body["message"]) == (400, "Arg user must be provided.")


async def test_the_app_neither_listens_nor_speaks() -> None:
    async with desk(ANSWER) as (client, _, _):
        listening = await client.call("POST", "/v1/audio-to-text", data={"user": "u1", "file": io.BytesIO(b"RIFF")})
        speaking = await client.call("POST", "/v1/text-to-audio", json={"user": "u1", "text": "hello"})
    assert (listening.status, listening.body["code"]) == (400, "speech_to_text_disabled")
    assert (speaking.status, speaking.body["code"], speaking.body["message"]) == (
        400, "invalid_param", "TTS is not enabled",
    )  # fmt: skip


async def test_no_form_is_known() -> None:
    async with desk(ANSWER) as (client, _, _):
        read = await client.call("GET", "/v1/form/human_input/t")
        body = {"user": "u1", "inputs": {}, "action": "approve"}
        sent = await client.call("POST", "/v1/form/human_input/t", json=body)
        wrong = await client.call("POST", "/v1/form/human_input/t", json={**body, "inputs": []})
    for heard in (read, sent):
        assert (heard.status, heard.body["code"], heard.body["message"]) == (404, "not_found", "Form not found")
    assert wrong.status == 400


async def test_somebody_who_was_never_seen_is_not_found() -> None:
    async with desk(ANSWER) as (client, _, _):
        heard = await client.call("GET", "/v1/end-users/00000000-0000-0000-0000-000000000000")
    assert (heard.status, heard.body["code"]) == (404, "end_user_not_found")
