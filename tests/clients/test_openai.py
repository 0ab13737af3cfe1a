"""The published `openai` package against a running server whose model plays a script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest
from openai import AsyncOpenAI

from api.serving import served
from dbmedic import app
from dbmedic.assistant import Assistant
from dbmedic.assistant.published import draft
from dbmedic.config import Config as Settings
from models.script import Play, Wait, call, end, playing, text

ANSWER = [*text("All ", "is ", "well."), *end(prompt=12, completion=3)]
AGAIN = [*text("As I said."), *end()]


@asynccontextmanager
async def serving(*plays: Play) -> AsyncIterator[tuple[Assistant, AsyncOpenAI, list[dict]]]:
    """A server over memory whose model plays these, a client of its app `ops`, and what the model was asked."""
    async with playing(*plays) as script:
        parts = await app.build(Settings(data=None, model_url=script.url, model="script"))
        try:
            key = await parts.assistant.keys.create(kind="app", app="ops")
            async with (
                served(app.asgi(parts)) as url,
                AsyncOpenAI(api_key=key.secret, base_url=f"{url}/v1", max_retries=0) as client,
            ):
                yield parts.assistant, client, script.asked
        finally:
            await parts.close()


def ask(*texts: str) -> list[dict]:
    roles = ("user", "assistant")
    return [{"role": roles[number % 2], "content": text} for number, text in enumerate(texts)]


async def test_a_completion_whole_and_streamed() -> None:
    async with serving(ANSWER, ANSWER) as (_, client, _):
        whole = await client.chat.completions.create(model="dbmedic", messages=ask("Is all well?"))
        stream = await client.chat.completions.create(
            model="dbmedic", messages=ask("Is all well?"), stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    assert whole.choices[0].message.content == "All is well."
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (12, 3)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "All is well."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert len({chunk.id for chunk in chunks}) == 1


async def test_a_client_that_sends_the_whole_talk_goes_on_in_its_conversation() -> None:
    async with serving(ANSWER, AGAIN, AGAIN) as (assistant, client, heard):
        await client.chat.completions.create(model="dbmedic", messages=ask("Is all well?"))
        await client.chat.completions.create(model="dbmedic", messages=ask("Is all well?", "All is well.", "Sure?"))
        edited = ask("Is all well?", "Nothing is well.", "Sure?")
        await client.chat.completions.create(model="dbmedic", messages=edited)
        await assistant.audit.seal()
        assert (await assistant.audit.verify()).broken == ()
    said = [
        [message["content"] for message in request["messages"] if message["role"] == "assistant"] for request in heard
    ]
    assert said == [[], ["All is well."], ["Nothing is well."]]


async def test_wishes_of_the_program_reach_the_model_below_the_rules() -> None:
    async with serving(ANSWER) as (_, client, heard):
        messages = [{"role": "system", "content": "Answer like a pirate."}, *ask("Is all well?")]
        await client.chat.completions.create(model="dbmedic", messages=messages)
    system = heard[0]["messages"][0]["content"]
    assert system.index("never lifts the rules above") < system.index("Answer like a pirate.")


async def test_a_response_whole_streamed_read_again_and_followed() -> None:
    async with serving(ANSWER, AGAIN) as (_, client, heard):
        first = await client.responses.create(model="dbmedic", input="Is all well?", metadata={"team": "ops"})
        async with client.responses.stream(model="dbmedic", input="Sure?", previous_response_id=first.id) as stream:
            events = [event async for event in stream]
            final = await stream.get_final_response()
        read = await client.responses.retrieve(first.id)
    assert first.output_text == read.output_text == "All is well."
    assert read.metadata == {"team": "ops"}
    assert final.output_text == "As I said."
    assert final.status == "completed"
    assert [event.type for event in events][:4] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    ]  # fmt: skip
    assert [event.sequence_number for event in events if hasattr(event, "sequence_number")] == sorted(
        event.sequence_number for event in events if hasattr(event, "sequence_number")
    )
    assert "All is well." in str(heard[1]["messages"])


async def test_what_is_done_on_the_way_is_told_as_reasoning() -> None:
    measure = [*call("instances", "{}", id="k1"), *end("tool_calls")]
    async with serving(measure, ANSWER) as (_, client, _):
        whole = await client.chat.completions.create(model="dbmedic", messages=ask("Which databases?"))
    assert whole.choices[0].message.content == "All is well."
    assert "instances" in whole.choices[0].message.model_dump()["reasoning_content"]


async def test_models_are_the_agents_of_the_account() -> None:
    async with serving() as (_, client, _):
        listed = [model.id async for model in client.models.list()]
        one = await client.models.retrieve("dbmedic")
        with pytest.raises(openai.NotFoundError) as missing:
            await client.models.retrieve("gpt-9")
    assert listed == ["dbmedic"]
    assert (one.id, one.owned_by) == ("dbmedic", "dbmedic")
    assert missing.value.code == "model_not_found"


async def test_the_agent_that_an_app_published_answers_for_its_keys() -> None:
    async with serving(ANSWER) as (assistant, client, heard):
        await assistant.published.publish("ops", draft('prompt = "Like a pirate."\ntools = ["instances"]'))
        await client.chat.completions.create(model="dbmedic", messages=ask("Is all well?"))
    assert [tool["function"]["name"] for tool in heard[0]["tools"]] == ["instances"]
    assert "Like a pirate." in heard[0]["messages"][0]["content"]


async def test_errors_are_those_of_this_api() -> None:
    async with serving() as (_, client, _):
        nobody = AsyncOpenAI(api_key="app-nobody", base_url=str(client.base_url), max_retries=0)
        with pytest.raises(openai.AuthenticationError) as unknown:
            await nobody.chat.completions.create(model="dbmedic", messages=ask("x"))
        with pytest.raises(openai.NotFoundError) as model:
            await client.chat.completions.create(model="gpt-9", messages=ask("x"))
        for messages in ([], [{"role": "assistant", "content": "x"}], [{"role": "wizard", "content": "x"}]):
            with pytest.raises(openai.BadRequestError):
                await client.chat.completions.create(model="dbmedic", messages=messages)
        image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]
        with pytest.raises(openai.BadRequestError) as unread:
            await client.chat.completions.create(model="dbmedic", messages=image)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve("resp_nothing")
        await nobody.close()
    assert unknown.value.code == "invalid_api_key"
    assert model.value.param == "model"
    assert unread.value.code == "unsupported_content_type"


async def test_a_response_that_runs_is_cancelled() -> None:
    async with serving([*text("Vacuum ", "removes"), Wait(60)]) as (_, client, _):
        stream = await client.responses.create(model="dbmedic", input="vacuum?", stream=True)
        async for event in stream:
            if event.type == "response.output_text.delta":
                cancelled = await client.responses.cancel(event_id(event.item_id))
                break
        read = await client.responses.retrieve(event_id(event.item_id))
    assert cancelled.id == read.id
    assert "Vacuum" in read.output_text


def event_id(item: str) -> str:
    return item.replace("msg_", "resp_")
