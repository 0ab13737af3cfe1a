"""The four agent operations of PolarDB through the official SDK."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from alibabacloud_polardb20170801 import models as pdb
from alibabacloud_rdsai20250507 import models as rds
from darabonba.runtime import RuntimeOptions

from clients.aliyun import Cloud, called, cloud, refused, stream
from dbmedic.api import aliyun_sessions
from dbmedic.core.errors import ModelDown
from dbmedic.core.values import Call, Reasoning, Text

TOOL = [Reasoning("Which? "), Text("I look."), Call("k1", "instances", {})]


async def asked(here: Cloud, query: str = "slow?", key: Any = None, **fields: Any) -> list[Any]:
    request = pdb.GetPolarAgentRequest(query=query, **fields)
    return [one.body async for one in here.polardb(key).get_polar_agent_with_sse_async(request, RuntimeOptions())]


async def records(here: Cloud, session: str, key: Any = None) -> list[Any]:
    request = pdb.DescribePolarAgentChatRecordsRequest(session_id=session)
    return list((await here.polardb(key).describe_polar_agent_chat_records_async(request)).body.data)


async def sessions(here: Cloud, key: Any = None) -> list[Any]:
    request = pdb.DescribePolarAgentUserSessionsRequest(source="polardb-console")
    return list((await here.polardb(key).describe_polar_agent_user_sessions_async(request)).body.data)


async def status(here: Cloud, session: str, key: Any = None) -> int:
    request = pdb.DescribePolarAgentSessionStatusRequest(session_id=session)
    return int((await here.polardb(key).describe_polar_agent_session_status_async(request)).body.status)


async def test_a_stream_async_and_sync() -> None:
    async with cloud(TOOL, [Text("None.")]) as here:
        frames = await asked(here, extra_info="{}", source="polardb-console")
        assert "".join(one.content for one in frames) == "I look.None."
        assert "".join(one.reasoning_content or "" for one in frames) == "Which? "
        calls = [call for one in frames for call in one.function_call or []]
        assert [(call.name, json.loads(call.arguments), call.status) for call in calls] == [
            ("instances", {}, "RUNNING"), ("instances", {}, "success"),
        ]  # fmt: skip
        assert calls[0].id == calls[1].id
        assert frames[0].content == ""
        ids = {(one.session_id, one.query_id, one.request_id, one.product) for one in frames}
        assert len(ids) == 1
        assert frames[0].product == "polardb"
        request = pdb.GetPolarAgentRequest(query="slow?")
        again = await called(
            lambda: [one.body for one in here.polardb().get_polar_agent_with_sse(request, RuntimeOptions())]
        )
        assert "".join(one.content for one in again) == "I look.None."


async def test_one_object_async_and_sync() -> None:
    async with cloud(TOOL, [Text("None.")]) as here:
        client, request = here.polardb(endpoint=here.json), pdb.GetPolarAgentRequest(query="slow?")
        for answered in (await client.get_polar_agent_async(request), await called(client.get_polar_agent, request)):
            body = answered.body
            assert (body.content, body.reasoning_content, body.ui_function_call) == ("I look.None.", "Which? ", [])
            assert [(call.name, call.status) for call in body.function_call] == [("instances", "success")]


async def test_a_session_that_the_client_named_goes_on() -> None:
    async with cloud() as here:
        session = uuid4().hex
        assert await status(here, session) == 0
        first = await asked(here, "one", session_id=session)
        second = await asked(here, "two", session_id=session)
        assert {one.session_id for one in (*first, *second)} == {session}
        assert [one.question for one in here.parts.models["script"].requests[-1].history] == ["one"]  # type: ignore[attr-defined]
        assert await status(here, session) == 1
        assert [(one.session_id, one.query, one.feedback_type) for one in await records(here, session)] == [
            (session, "one", "0"), (session, "two", "0"),
        ]  # fmt: skip
        assert [one.query_id for one in await records(here, session)] == [first[0].query_id, second[0].query_id]
        assert [(one.session_id, one.title, one.session_status) for one in await sessions(here)] == [
            (session, "one", 1)
        ]


async def test_two_first_questions_of_one_session_at_once_are_one_conversation() -> None:
    async with cloud() as here:
        await asyncio.gather(*(asked(here, f"q{n}", session_id="s1") for n in range(5)))
        assert sorted(one.query for one in await records(here, "s1")) == ["q0", "q1", "q2", "q3", "q4"]
        assert len(await sessions(here)) == 1


async def test_sessions_of_others_are_as_good_as_unknown() -> None:
    async with cloud() as here:
        session = "shared-name"
        own = await asked(here, "mine", session_id=session)
        bob = await here.another(user="bob")
        conversation = (await asked(here, "second"))[0].session_id
        for id in (session, conversation, "never-seen"):
            assert await status(here, id, bob) == 0
            assert await records(here, id, bob) == []
        theirs = await asked(here, "theirs", bob, session_id=session)
        also = await asked(here, "theirs too", bob, session_id=conversation)
        assert len({own[0].query_id, theirs[0].query_id, also[0].query_id}) == 3
        assert [one.query for one in await records(here, session)] == ["mine"]
        assert [one.query for one in await records(here, session, bob)] == ["theirs"]
        assert [one.query for one in await records(here, conversation)] == ["second"]
        assert [one.session_id for one in await sessions(here, bob)] == [conversation, session]


async def test_a_conversation_goes_on_in_another_api_and_reads_the_same() -> None:
    async with cloud() as here:
        conversation, message = await here.conversation("begun with RDS AI")
        rating = rds.ModifyMessagesFeedbacksRequest(message_id=message, rating="dislike")
        await here.rdsai().modify_messages_feedbacks_async(rating)
        frames = await asked(here, "gone on with PolarDB", session_id=conversation)
        assert frames[0].session_id == conversation
        third = await stream(here.rdsai(), "back again", conversation_id=conversation)
        assert [one.question for one in here.parts.models["script"].requests[-1].history] == [  # type: ignore[attr-defined]
            "begun with RDS AI", "gone on with PolarDB",
        ]  # fmt: skip
        kept = (await here.rdsai().get_messages_async(rds.GetMessagesRequest(conversation_id=conversation))).body.data
        told = await records(here, conversation)
        assert [(one.id, one.query, one.answer) for one in kept] == [(o.query_id, o.query, o.answer) for o in told]
        assert kept[-1].id == third[0].message_id
        assert [one.feedback_type for one in told] == ["2", "0", "0"]
        alias = await asked(here, "named", session_id="my-session")
        listed = (await here.rdsai().get_conversations_async(rds.GetConversationsRequest())).body.data
        assert [one.introduction for one in listed] == ["named", "begun with RDS AI"]
        assert alias[0].session_id == "my-session"
        kept = rds.GetMessagesRequest(conversation_id=listed[0].id)
        assert [one.query for one in (await here.rdsai().get_messages_async(kept)).body.data] == ["named"]


async def test_a_deleted_session_cannot_be_continued() -> None:
    async with cloud() as here:
        await asked(here, "one", session_id="s1")
        (one,) = (await here.rdsai().get_conversations_async(rds.GetConversationsRequest())).body.data
        await here.parts.store.write(("delete_conversation", {"id": one.id, "now": 1}))
        assert await status(here, "s1") == 0
        assert await records(here, "s1") == []
        error = await refused(asked(here, "two", session_id="s1"))
        assert (error.code, error.data["Code"]) == ("SessionNotFound", "SessionNotFound")


async def test_the_limit_has_the_siblings_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliyun_sessions, "PATIENCE_S", 0.1)
    async with cloud([Text("a"), 1.0], turns=1) as here:
        running = asyncio.create_task(asked(here, session_id="s1"))
        await asyncio.sleep(0.3)
        request = pdb.GetPolarAgentRequest(query="again?")
        error = await refused(here.polardb(endpoint=here.json).get_polar_agent_async(request))
        assert (error.code, error.status_code, error.retry_after) == ("Throttling.UserConcurrentLimit", 429, 5000)
        await running


async def test_a_failure_is_told_in_the_stream_or_as_an_error() -> None:
    async with cloud([Text("Let me"), ModelDown("the model is away")]) as here:
        frames = await asked(here)
        assert "".join(one.content for one in frames) == "Let me[error] ServiceUnavailable: the model is away"
        request = pdb.GetPolarAgentRequest(query="slow?")
        error = await refused(here.polardb(endpoint=here.json).get_polar_agent_async(request))
        assert (error.code, error.status_code) == ("ServiceUnavailable", 503)


async def test_the_lists_sync() -> None:
    async with cloud() as here:
        await asked(here, "one", session_id="s1")
        client = here.polardb()
        kept = pdb.DescribePolarAgentChatRecordsRequest(session_id="s1")
        state = pdb.DescribePolarAgentSessionStatusRequest(session_id="s1")
        answers = [
            await called(client.describe_polar_agent_chat_records, kept),
            await called(client.describe_polar_agent_session_status, state),
            await called(client.describe_polar_agent_user_sessions, pdb.DescribePolarAgentUserSessionsRequest()),
        ]
        assert [len(answers[0].body.data), answers[1].body.status, len(answers[2].body.data)] == [1, 1, 1]
        assert all(one.body.request_id for one in answers)
