"""The three agent operations of DAS through the official SDK, and through a hand-written client."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from alibabacloud_das20200116 import models as das
from alibabacloud_rdsai20250507 import models as rds
from darabonba.runtime import RuntimeOptions

from clients.aliyun import Cloud, called, cloud, refused
from clients.by_hand import sent, signed
from dbmedic.core.errors import ModelDown
from dbmedic.core.values import Call, Reasoning, Text

TOOL = [Reasoning("Which? "), Text("I look."), Call("k1", "instances", {})]


def message(text: str, id: str | None = None) -> str:
    return json.dumps({"id": id or str(uuid4()), "role": "user", "content": [{"type": "text", "text": text}]})


async def chatted(here: Cloud, text: str = "hello", id: str | None = None, **fields: Any) -> list[Any]:
    request = das.ChatRequest(message=message(text, id), **fields)
    return [one.body async for one in here.das().chat_with_sse_async(request, RuntimeOptions())]


def said(events: list[Any], role: str = "assistant") -> str:
    own = {one.message_id for one in events if one.type == "TEXT_MESSAGE_START" and one.role == role}
    texts = (one.delta for one in events if one.type == "TEXT_MESSAGE_CONTENT" and one.message_id in own)
    return "".join(texts)


async def test_chat_streams_the_protocol() -> None:
    async with cloud(TOOL, [Text("None.")]) as here:
        id = str(uuid4())
        events = await chatted(here, "hello", id, session_id="s1", summary="true", forwarded_props='{"a":1}')
        assert [one.type for one in events] == [
            "RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END",
            "ACTIVITY_DELTA", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END",
            "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_RESULT",
            "ACTIVITY_DELTA", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END",
            "CUSTOM", "RUN_FINISHED",
        ]  # fmt: skip
        assert (said(events, "user"), said(events)) == ("hello", "I look.None.")
        assert events[1].message_id == id
        assert {one.thread_id for one in events} == {"s1"}
        assert len({one.run_id for one in events}) == 1
        assert all(isinstance(one.timestamp, int) and one.timestamp > 10**12 for one in events)
        assert (events[8].tool_call_name, events[11].tool_call_id) == ("instances", events[8].tool_call_id)
        assert events[4].activity_type == "waiting_for_agent_thinking"
        assert (events[-2].name, events[-2].value) == ("summary", "hello")


async def test_chat_sync_and_as_one_object() -> None:
    async with cloud() as here:
        request = das.ChatRequest(message=message("hello"))
        events = await called(lambda: [one.body for one in here.das().chat_with_sse(request, RuntimeOptions())])
        assert said(events) == "磁盘使用率为 23 %,暂不需要扩容。"
        client = here.das(endpoint=here.json)
        for body in ((await client.chat_async(request)).body, (await called(client.chat, request)).body):
            assert (body.type, body.role) == ("TEXT_MESSAGE_CONTENT", "assistant")
            assert body.content == body.delta == "磁盘使用率为 23 %,暂不需要扩容。"


async def test_a_message_is_taken_once_in_its_session() -> None:
    async with cloud() as here:
        id = str(uuid4())
        await chatted(here, "hello", id, session_id="s1")
        error = await refused(chatted(here, "hello", id, session_id="s1"))
        assert error.code == "InvalidParameter"
        assert said(await chatted(here, "again", session_id="s1"))
        assert said(await chatted(here, "hello", id, session_id="s2"))
        assert [one.question for one in here.parts.models["script"].requests[1].history] == ["hello"]  # type: ignore[attr-defined]


async def test_a_message_that_was_not_taken_may_come_again() -> None:
    async with cloud([Text("a"), 30.0], turns=1) as here:
        id = str(uuid4())
        running = here.das().chat_with_sse_async(das.ChatRequest(message=message("x")), RuntimeOptions())
        first = (await anext(running)).body
        assert (await refused(chatted(here, "hello", id, session_id="s1"))).code == "Throttling.UserConcurrentLimit"
        stop = rds.ChatMessagesTaskStopRequest(task_id=first.run_id)
        await here.rdsai().chat_messages_task_stop_async(stop)
        await running.aclose()
        request = das.ChatRequest(message=message("hello", id), session_id="s1")
        again = here.das().chat_with_sse_async(request, RuntimeOptions())
        assert (await anext(again)).body.type == "RUN_STARTED"
        await again.aclose()


async def test_chat_with_a_custom_agent() -> None:
    async with cloud() as here:
        made = rds.CreateCustomAgentRequest(system_prompt="Be brief.", enable_tools=True)
        agent = (await here.rdsai().create_custom_agent_async(made)).body.id
        events = await chatted(here, agent_id=agent)
        assert {one.agent_id for one in events} == {agent}
        assert "Be brief." in here.parts.models["script"].requests[0].messages[0].text  # type: ignore[attr-defined]
        assert said(await chatted(here, agent_id="default"))


async def test_a_failure_in_the_stream() -> None:
    async with cloud([Text("Let me"), ModelDown("the model is away")]) as here:
        events = await chatted(here)
        assert [one.type for one in events[-3:]] == ["TEXT_MESSAGE_END", "CUSTOM", "RUN_FINISHED"]
        assert (events[-2].name, events[-2].value) == (
            "error", {"Code": "ServiceUnavailable", "Message": "the model is away"},
        )  # fmt: skip


async def test_yao_chi() -> None:
    async with cloud(TOOL, [Text("None.")]) as here:
        request = das.GetYaoChiAgentRequest(query="slow?", session_id="s1", source="tair", extra_info="{}")
        frames = [one.body async for one in here.das().get_yao_chi_agent_with_sse_async(request, RuntimeOptions())]
        assert "".join(one.content for one in frames) == "I look.None."
        assert "".join(one.reasoning_content or "" for one in frames) == "Which? "
        assert {(one.session_id, one.product) for one in frames} == {("s1", "tair")}
        calls = [(call.name, call.status) for one in frames for call in one.function_call or []]
        assert calls == [("instances", "RUNNING"), ("instances", "success")]
        again = await called(
            lambda: [one.body for one in here.das().get_yao_chi_agent_with_sse(request, RuntimeOptions())]
        )
        assert "".join(one.content for one in again) == "I look.None."
        client, plain = here.das(endpoint=here.json), das.GetYaoChiAgentRequest(query="slow?")
        for answered in (await client.get_yao_chi_agent_async(plain), await called(client.get_yao_chi_agent, plain)):
            body = answered.body
            assert (body.content, body.product) == ("I look.None.", "yaochi")


async def test_das_agent() -> None:
    async with cloud(TOOL, [Text("None.")]) as here:
        request = das.GetDasAgentSSERequest(query="slow?", session_id="s1")
        frames = [one.body async for one in here.das().get_das_agent_ssewith_sse_async(request, RuntimeOptions())]
        assert "".join(one.answer for one in frames) == "I look.None."
        assert {one.id for one in frames} == {"s1"}
        assert [one.event for one in frames] == ["message", "message", "tool_call", "message", "message_end"]
        assert (frames[2].metadata.tool_name, frames[2].metadata.tool_params) == ("instances", [])
        assert frames[-1].metadata.char_count == len("I look.None.")
        again = await called(
            lambda: [one.body for one in here.das().get_das_agent_ssewith_sse(request, RuntimeOptions())]
        )
        assert "".join(one.answer for one in again) == "I look.None."
        client, plain = here.das(endpoint=here.json), das.GetDasAgentSSERequest(query="slow?")
        for answered in (await client.get_das_agent_sse_async(plain), await called(client.get_das_agent_sse, plain)):
            body = answered.body
            assert (body.answer, body.event, body.metadata.char_count) == ("I look.None.", "message", 12)


async def test_sessions_of_das_and_polardb_with_one_name_are_two() -> None:
    async with cloud() as here:
        await chatted(here, "to DAS", session_id="same")
        query = {"Query": "to PolarDB", "SessionId": "same"}
        await signed(here, "GetPolarAgent", "polardb", query=query).send()
        listed = (await here.rdsai().get_conversations_async(rds.GetConversationsRequest())).body.data
        assert sorted(one.introduction for one in listed) == ["to DAS", "to PolarDB"]


async def test_the_published_hand_written_client() -> None:
    """A form body, its own signed header, `data:` lines read one by one."""
    async with cloud() as here:
        fields = {
            "Format": "JSON", "SecureTransport": "true", "Message": message("hello"), "SourceTlsVersion": "TLSv1.2",
            "AcceptLanguage": "zh-CN", "SessionId": "s1",
        }  # fmt: skip
        request = signed(
            here, "Chat", "das", body=urlencode(fields).encode(), accept="text/event-stream", x_acs_web_code="hdm"
        )
        heard = await sent(request.url, request.headers | {"x-accel-buffering": "no"}, request.body)
        assert heard.status == 200
        assert heard.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line[5:]) for line in heard.body.splitlines() if line.startswith("data:")]
        assert events[-1]["Type"] == "RUN_FINISHED"
        text = "".join(one["Delta"] for one in events if one["Type"] == "TEXT_MESSAGE_CONTENT")
        assert text == "hello磁盘使用率为 23 %,暂不需要扩容。"


async def test_documented_paths() -> None:
    async with cloud() as here:
        for path, action, query in (
            ("/chat", "Chat", {"Message": message("hello")}),
            ("/agent", "GetYaoChiAgent", {"Query": "hello"}),
            ("/getDasAgentSSE", "GetDasAgentSSE", {"Query": "hello"}),
        ):
            heard = await signed(here, action, "das", path=path, query=query).send()
            assert heard.status == 200
            assert "\\u6682\\u4e0d" in heard.body, "everything is ASCII"
            key = await here.assistant.keys.create(kind="admin", rights=("ask", "administer"))
            by_path = await sent(f"{here.url}{path}?{urlencode(query)}", {"x-acs-bearer-token": key.secret})
            assert by_path.status == 200, "the path alone names the action"
