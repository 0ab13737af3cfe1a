"""ChatMessages through the official SDK: streams and objects, sync and async, stopped, continued, branched."""

from __future__ import annotations

import asyncio

import pytest
from alibabacloud_rdsai20250507 import models as rds
from darabonba.runtime import RuntimeOptions

from clients.aliyun import answer, called, cloud, refused, slow, stream
from dbmedic.api import aliyun_running
from dbmedic.api.rdsai.actions import chat_messages
from dbmedic.core.errors import ModelDown
from dbmedic.core.values import Call, Reasoning, Text

WHOLE = "磁盘使用率为 23 %,暂不需要扩容。"
TOOL = [Reasoning("Which are there? "), Text("I look."), Call("k1", "instances", {})]


async def test_a_stream_async() -> None:
    async with cloud() as here:
        request = rds.ChatMessagesRequest(
            query="实例rm-bp1 磁盘使用率,是否需要扩容",
            event_mode="separate",
            inputs=rds.ChatMessagesRequestInputs(region_id="cn-hangzhou", language="zh-CN", timezone="Asia/Shanghai"),
        )
        seen = [one async for one in here.rdsai().chat_messages_with_sse_async(request, RuntimeOptions())]
    assert [one.status_code for one in seen] == [200] * len(seen)
    assert [(one.id, one.event) for one in seen] == [(str(n), "message") for n in range(1, len(seen) + 1)]
    frames = [one.body for one in seen]
    assert [one.event for one in frames] == [
        "workflow_started", "message", "message", "message_end", "workflow_finished",
    ]  # fmt: skip
    assert answer(frames) == WHOLE
    ids = {(one.conversation_id, one.message_id, one.id, one.task_id, one.created_at) for one in frames}
    ((conversation, message, again, task, created),) = ids
    assert message == again
    assert len({conversation, message, task}) == 3
    assert isinstance(created, int)
    assert {one.request_id for one in frames} == {seen[0].headers["x-acs-request-id"]}


async def test_a_stream_sync() -> None:
    async with cloud() as here:
        request = rds.ChatMessagesRequest(query="why?")
        frames = await called(
            lambda: [one.body for one in here.rdsai().chat_messages_with_sse(request, RuntimeOptions())]
        )
    assert answer(frames) == WHOLE


async def test_one_object_sync_and_async_by_the_json_endpoint() -> None:
    async with cloud() as here:
        client = here.rdsai(endpoint=here.json)
        request = rds.ChatMessagesRequest(query="why?")
        for body in (
            (await called(client.chat_messages, request)).body,
            (await client.chat_messages_async(request)).body,
        ):
            assert (body.event, body.answer) == ("message", WHOLE)
            assert body.conversation_id
            assert body.task_id
            assert body.request_id


async def test_one_object_where_the_operator_says_so() -> None:
    async with cloud(streams=False) as here:
        body = (await here.rdsai().chat_messages_async(rds.ChatMessagesRequest(query="why?"))).body
        assert body.answer == WHOLE
        frames = await stream(here.rdsai(endpoint=f"{here.url}/sse"))
        assert answer(frames) == WHOLE


async def test_text_streams_as_it_comes_and_silence_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliyun_running, "SILENCE_S", 0.3)
    async with cloud([Text("first "), 1.5, Text("second")]) as here:
        request = rds.ChatMessagesRequest(query="why?")
        began = asyncio.get_running_loop().time()
        texts = [
            (one.body.answer, asyncio.get_running_loop().time() - began)
            async for one in here.rdsai().chat_messages_with_sse_async(request, slow(read_timeout=1000))
        ]
        said = {text: at for text, at in texts if text}
        assert said["first "] < 1
        assert said["second"] > 1.4
        frames = await called(
            lambda: [
                one.body.answer
                for one in here.rdsai().chat_messages_with_sse(request, slow(read_timeout=1000))
                if one.body.answer
            ]
        )
        assert frames == ["first ", "second"]


async def test_one_object_that_takes_long_keeps_the_connection_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliyun_running, "SILENCE_S", 0.3)
    async with cloud([Text("late"), 1.5]) as here:
        client, request = here.rdsai(endpoint=here.json), rds.ChatMessagesRequest(query="why?")
        options = slow(read_timeout=1000)
        assert (await client.chat_messages_with_options_async(request, options)).body.answer == "late"
        assert (await called(client.chat_messages_with_options, request, options)).body.answer == "late"


async def test_tools_and_thoughts_are_frames_of_their_own_in_separate_mode() -> None:
    async with cloud(TOOL, [Text("None.")]) as here:
        frames = await stream(here.rdsai(), event_mode="separate")
        assert [one.event for one in frames] == [
            "workflow_started", "agent_thinking", "message", "tool_call_started", "tool_call_finished", "message",
            "message_end", "workflow_finished",
        ]  # fmt: skip
        started, finished = frames[3], frames[4]
        assert (started.tool_name, started.tool_arguments, started.call_id) == ("instances", {}, finished.call_id)
        assert finished.answer
        kept = (
            await here.rdsai().get_messages_async(
                rds.GetMessagesRequest(conversation_id=frames[0].conversation_id, event_mode="separate")
            )
        ).body.data[0]
        assert kept.answer == answer(frames) == "I look.None."
        assert [one.event for one in kept.events] == ["agent_thinking", "tool_call_started", "tool_call_finished"]
        assert kept.events[2].answer == finished.answer
        assert kept.events[2].tool_name == "instances"


async def test_tools_are_lines_of_the_answer_in_inline_mode() -> None:
    async with cloud(TOOL, [Text("None.")]) as here:
        frames = await stream(here.rdsai())
        assert {one.event for one in frames} == {"workflow_started", "message", "message_end", "workflow_finished"}
        assert answer(frames) == "I look.\n> [tool] instances: ok\n\nNone."
        kept = (
            await here.rdsai().get_messages_async(rds.GetMessagesRequest(conversation_id=frames[0].conversation_id))
        ).body.data[0]
        assert (kept.answer, kept.events) == (answer(frames), [])


async def test_a_follow_up_sees_what_was_said_and_a_branch_does_not() -> None:
    async with cloud() as here:
        client = here.rdsai()
        first = await stream(client, "one")
        conversation = first[0].conversation_id
        second = await stream(client, "two", conversation_id=conversation)
        third = await stream(client, "three", conversation_id=conversation, parent_message_id=first[0].message_id)
        last = await stream(client, "four", conversation_id=conversation, parent_message_id=third[0].message_id)
        assert {one.conversation_id for one in (*second, *third, *last)} == {conversation}
        requests = here.parts.models["script"].requests  # type: ignore[attr-defined]
        assert [[one.question for one in request.history] for request in requests] == [
            [], ["one"], ["one"], ["one", "three"],
        ]  # fmt: skip
        listed = (await client.get_messages_async(rds.GetMessagesRequest(conversation_id=conversation))).body
        assert [one.query for one in listed.data] == ["one", "two", "three", "four"]
        assert (listed.has_more, listed.limit) == (False, 100)


async def test_a_stop_from_another_connection_keeps_what_was_said() -> None:
    async with cloud([Text("half"), 30.0]) as here:
        client, heard = here.rdsai(), []
        async for one in client.chat_messages_with_sse_async(rds.ChatMessagesRequest(query="why?"), RuntimeOptions()):
            heard.append(one.body)
            if one.body.answer == "half":
                request = rds.ChatMessagesTaskStopRequest(task_id=one.body.task_id)
                stopped = await here.rdsai().chat_messages_task_stop_async(request)
                assert stopped.body.result == "success"
        assert [one.event for one in heard[-2:]] == ["message_end", "workflow_finished"]
        again = rds.ChatMessagesTaskStopRequest(task_id=heard[0].task_id)
        assert (await client.chat_messages_task_stop_async(again)).body.result == "success", "it has ended already"
        kept = rds.GetMessagesRequest(conversation_id=heard[0].conversation_id)
        message = (await client.get_messages_async(kept)).body.data[0]
        assert (message.answer, message.generation_status) == ("half", "stopped")


async def test_who_hangs_up_finds_the_answer_in_the_history() -> None:
    async with cloud([Text("a"), 0.3, Text("b")]) as here:
        client = here.rdsai()
        async for one in client.chat_messages_with_sse_async(rds.ChatMessagesRequest(query="why?"), RuntimeOptions()):
            conversation = one.body.conversation_id
            break
        request = rds.GetMessagesRequest(conversation_id=conversation)
        async with asyncio.timeout(5):
            while (await client.get_messages_async(request)).body.data[0].generation_status != "finished":
                await asyncio.sleep(0.05)
        assert (await client.get_messages_async(request)).body.data[0].answer == "ab"


async def test_a_failure_before_anything_was_said_is_an_error_of_the_object_form() -> None:
    async with cloud([RuntimeError("broken")]) as here:
        request = rds.ChatMessagesRequest(query="why?")
        error = await refused(here.rdsai(endpoint=here.json).chat_messages_async(request))
        assert (error.code, error.status_code) == ("InternalError", 500)
        frames = await stream(here.rdsai())
        assert [one.event for one in frames] == ["workflow_started", "error", "workflow_finished"]
        assert frames[1].description == "InternalError"
        assert "broken" not in frames[1].answer


async def test_a_model_that_is_away_is_answered_for_by_the_analyst() -> None:
    async with cloud([ModelDown("the model is away")]) as here:
        request = rds.ChatMessagesRequest(query="why?")
        body = (await here.rdsai(endpoint=here.json).chat_messages_async(request)).body
        assert body.event == "message"
        assert "was not reachable" in body.answer


async def test_a_second_run_of_a_conversation_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_messages, "PATIENCE_S", 0.1)
    async with cloud([Text("a"), 2.0]) as here:
        client = here.rdsai()
        async for one in client.chat_messages_with_sse_async(rds.ChatMessagesRequest(query="why?"), RuntimeOptions()):
            if one.body.answer:
                again = rds.ChatMessagesRequest(query="and?", conversation_id=one.body.conversation_id)
                error = await refused(here.rdsai(endpoint=here.json).chat_messages_async(again))
                break
        assert (error.code, error.status_code, error.retry_after) == ("TooManyRequests", 429, 5000)
        assert "maximum concurrent requests" in error.message


async def test_the_limit_of_an_account_leaves_others_alone() -> None:
    async with cloud([Text("a"), 1.0], turns=2) as here:
        others = here.rdsai(await here.another("other", user="bob"))
        running = [asyncio.create_task(stream(here.rdsai())) for _ in range(2)]
        await asyncio.sleep(0.3)
        error = await refused(stream(here.rdsai()))
        assert error.code == "TooManyRequests"
        assert error.data["Code"] == "TooManyRequests"
        assert answer(await stream(others)) == "a"
        assert [answer(await one) for one in running] == ["a", "a"]


async def test_long_questions_come_in_the_query() -> None:
    text = "磁盘" * 40_000  # 720 kB on the wire
    async with cloud() as here:
        frames = await stream(here.rdsai(), text)
        assert answer(frames) == WHOLE
        kept = rds.GetMessagesRequest(conversation_id=frames[0].conversation_id)
        assert (await called(here.rdsai().get_messages, kept)).body.data[0].query == text
        too_long = await refused(stream(here.rdsai(), "x" * 100_001))
        assert too_long.code == "InvalidParameter"


async def test_options_reach_the_turn() -> None:
    async with cloud() as here:
        inputs = rds.ChatMessagesRequestInputs(
            region_id="cn-hangzhou", timezone="Europe/Berlin", language="en-us", enable_thinking="True",
            think_effort="high", model_id="script", tool_approval_mode="manual",
        )  # fmt: skip
        frames = await stream(here.rdsai(), inputs=inputs)
        asked = here.parts.models["script"].requests[0].question  # type: ignore[attr-defined]
        assert (asked.zone, asked.language, asked.thinking, asked.model, asked.approval) == (
            "Europe/Berlin", "en-us", "high", "script", "manual",
        )  # fmt: skip
        assert asked.inputs == {"RegionId": "cn-hangzhou", "Timezone": "Europe/Berlin", "Language": "en-us"}
        await stream(here.rdsai(), conversation_id=frames[0].conversation_id)
        await stream(here.rdsai())
        requests = here.parts.models["script"].requests  # type: ignore[attr-defined]
        assert [one.question.approval for one in requests] == ["manual", "manual", "read_only"], "it stays as stored"
        assert requests[1].question.zone == "Asia/Shanghai"
