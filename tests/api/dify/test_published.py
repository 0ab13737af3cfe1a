"""Published versions of an app: the newest answers, an older one when it is asked for; each has its form."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from agent.playing import Script
from api.dify.desk import Client, Desk, desk
from dbmedic.assistant import forms
from dbmedic.assistant.published import Draft
from dbmedic.core.values import Text

ANSWER = (Text("Yes."),)


async def published(at: Desk, prompt: str, *form: forms.Field) -> None:
    await at.assistant.published.publish("ops", Draft(prompt=prompt, opening=f"Hello from {prompt}", form=form))


async def workflow(client: Client, **fields: Any) -> str:
    return str((await client.stream(**fields))[0]["data"]["workflow_id"])


def prompts(at: Desk) -> list[str]:
    """The prompt of the agent that each turn ran with."""
    script = at.assistant.turns._models["script"]
    assert isinstance(script, Script)
    return [asked.agent.prompt if asked.agent else "" for asked in script.requests]


async def test_the_newest_answers_and_an_older_one_when_it_is_asked_for() -> None:
    async with desk(ANSWER) as at:
        client = at.client
        built_in = await workflow(client)
        await published(at, "one")
        first = await workflow(client)
        await published(at, "two")
        second = await workflow(client)
        assert len({built_in, first, second}) == 3
        assert [await workflow(client, workflow_id=id) for id in (first, built_in, second.upper())] == [
            first, built_in, second,
        ]  # fmt: skip
        assert prompts(at) == ["", "one", "two", "one", "", "two"]
        assert (await client.call("GET", "/v1/parameters")).body["opening_statement"] == "Hello from two"
        assert {row["introduction"] for row in (await client.conversations()).body["data"]} == {"Hello from two"}


async def test_an_id_of_nobody_or_of_another_app_is_not_found() -> None:
    async with desk(ANSWER) as at:
        await published(at, "one")
        mine = await workflow(at.client)
        other = Client(at.client.http, at.client.url, (await at.assistant.keys.create(app="other")).secret)
        for client, id in ((at.client, str(uuid4())), (other, mine)):
            heard = await client.ask(workflow_id=id)
            assert (heard.status, heard.body["code"]) == (404, "not_found")
            assert heard.body["message"] == f"Workflow not found with id: {id}"
        heard = await at.client.ask(workflow_id="v1")
        assert (heard.status, heard.body["message"]) == (400, "Invalid workflow_id format: 'v1'. ")


FORM = (
    forms.Field(variable="ticket", required=True, max_length=5),
    forms.Field(variable="level", type="select", options=("low", "high")),
    forms.Field(variable="count", type="number"),
    forms.Field(variable="urgent", type="checkbox"),
    forms.Field(variable="extra", type="json_object"),
    forms.Field(variable="log", type="file"),
    forms.Field(variable="logs", type="file-list", max_length=1),
)


async def test_inputs_that_the_form_does_not_name_are_dropped_and_the_others_kept() -> None:
    async with desk(ANSWER) as at:
        await published(at, "one", *FORM)
        inputs = {"ticket": "T-1", "level": "low", "count": "7", "urgent": "true", "extra": {"a": 1}, "stranger": "x"}
        heard = await at.client.ask(inputs=inputs)
        assert heard.status == 200, heard.body
        (row,) = (await at.client.messages(heard.body["conversation_id"])).body["data"]
        assert row["inputs"] == {"ticket": "T-1", "level": "low", "count": 7, "urgent": True, "extra": {"a": 1}}
        offered = (await at.client.call("GET", "/v1/parameters")).body["user_input_form"]
        assert [(kind, one["variable"]) for field in offered for kind, one in field.items()] == [
            ("text-input", "ticket"), ("select", "level"), ("number", "count"), ("checkbox", "urgent"),
            ("json_object", "extra"), ("file", "log"), ("file-list", "logs"), ("text-input", "instance"),
        ]  # fmt: skip
        assert offered[0]["text-input"]["required"] is True


LOCAL = {"type": "document", "transfer_method": "local_file", "upload_file_id": str(uuid4())}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "ticket is required in input form"),
        ({"ticket": 7}, "(type 'text-input') ticket in input form must be a string"),
        ({"ticket": "123456"}, "ticket in input form must be less than 5 characters"),
        ({"ticket": "1", "level": "top"}, "level in input form must be one of the following: ['low', 'high']"),
        ({"ticket": "1", "count": "seven"}, "count in input form must be a valid number"),
        ({"ticket": "1", "count": True}, "count in input form must be a valid number"),
        ({"ticket": "1", "urgent": "perhaps"}, "urgent: Input should be a valid boolean"),
        ({"ticket": "1", "extra": []}, "extra in input form must be a dict"),
        ({"ticket": "1", "log": "a.log"}, "log in input form must be a file"),
        ({"ticket": "1", "log": LOCAL}, "Invalid upload file"),
        ({"ticket": "1", "logs": LOCAL}, "logs in input form must be a list of files"),
        ({"ticket": "1", "logs": [LOCAL, LOCAL]}, "logs in input form must be less than 1 files"),
        ({"ticket": "1", "instance": 7}, "(type 'text-input') instance in input form must be a string"),
    ],
)
async def test_the_first_fault_is_said(inputs: dict[str, Any], message: str) -> None:
    async with desk(ANSWER) as at:
        await published(at, "one", *FORM)
        heard = await at.client.ask(inputs=inputs)
        assert (heard.status, heard.body["code"], heard.body["message"]) == (400, "invalid_param", message)


async def test_a_question_knows_how_many_came_before_it() -> None:
    async with desk(ANSWER) as at:
        first = (await at.client.stream())[0]
        again = [(await at.client.stream(conversation_id=first["conversation_id"]))[0] for _ in range(2)]
    assert [one["data"]["inputs"]["sys.dialogue_count"] for one in (first, *again)] == [0, 1, 2]
