"""Everything of RDS AI but the chat, through the official SDK: sync and async, the SDK's own model objects."""

from __future__ import annotations

import re
from typing import Any

import pytest
from alibabacloud_rdsai20250507 import models as rds
from darabonba.runtime import RuntimeOptions

from clients.aliyun import answer, called, cloud, refused, stream
from dbmedic.core.values import Call, Text

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UNKNOWN = "00000000-0000-0000-0000-000000000000"
SKILL: dict[str, Any] = {
    "name": "sql-review",
    "description": "How we review SQL.",
    "dbtypes": ["MySQL", "PostgreSQL"],
    "content": {"MySQL": "text m", "PostgreSQL": "text p"},
}


async def test_conversations_newest_first_in_pages() -> None:
    async with cloud() as here:
        client = here.rdsai()
        made = [(await here.conversation(f"question {n} which is rather long"))[0] for n in range(3)]
        request = rds.GetConversationsRequest(limit="2")
        page = (await client.get_conversations_async(request)).body
        assert ([one.id for one in page.data], page.has_more, page.limit) == (made[:0:-1], "true", 2)
        request = rds.GetConversationsRequest(limit="2", last_id=page.data[-1].id)
        rest = (await called(client.get_conversations, request)).body
        assert ([one.id for one in rest.data], rest.has_more) == ([made[0]], "false")
        one = rest.data[0]
        assert (one.name, one.introduction) == ("question 0 which is …", "question 0 which is rather long")
        assert (one.is_running, one.status) == (False, "idle")
        assert one.created_at.isdigit()
        assert one.updated_at.isdigit()
        for sort in ("CreatedAt", "-CreatedAt", "created_at", "-updated_at", "UpdatedAt"):
            listed = (await client.get_conversations_async(rds.GetConversationsRequest(sort_by=sort))).body
            assert [one.id for one in listed.data] == made[::-1]
        pinned = (await client.get_conversations_async(rds.GetConversationsRequest(pinned="true"))).body
        assert (pinned.data, pinned.has_more) == ([], "false")


async def test_a_running_conversation_says_so() -> None:
    async with cloud([Text("a"), 30.0]) as here:
        client = here.rdsai()
        request = rds.ChatMessagesRequest(query="why?")
        async for one in client.chat_messages_with_sse_async(request, RuntimeOptions()):
            if one.body.answer:
                listed = (await client.get_conversations_async(rds.GetConversationsRequest())).body.data
                assert [(each.is_running, each.status) for each in listed] == [(True, "running")]
                kept = rds.GetMessagesRequest(conversation_id=one.body.conversation_id)
                message = (await client.get_messages_async(kept)).body.data[0]
                assert (message.generation_status, message.generation_finished_at) == ("running", "")
                break


async def test_messages_in_pages() -> None:
    async with cloud() as here:
        client = here.rdsai()
        conversation, first = await here.conversation("one")
        for query in ("two", "three"):
            await stream(client, query, conversation_id=conversation)
        page = (await client.get_messages_async(rds.GetMessagesRequest(conversation_id=conversation, limit=2))).body
        assert ([one.query for one in page.data], page.has_more, page.limit) == (["two", "three"], True, 2)
        older = rds.GetMessagesRequest(conversation_id=conversation, first_id=page.data[0].id)
        rest = (await called(client.get_messages, older)).body
        assert ([one.id for one in rest.data], rest.has_more) == ([first], False)
        (one,) = rest.data
        assert one.conversation_id == conversation
        assert (one.retriever_resources, one.message_files, one.events, one.feedback) == ([], [], [], "")
        assert int(one.generation_finished_at) >= int(one.generation_started_at) == int(one.created_at)


async def test_feedback_is_kept_changed_and_taken_back() -> None:
    async with cloud() as here:
        client = here.rdsai()
        conversation, message = await here.conversation()

        async def rated(**rating: str) -> str:
            request = rds.ModifyMessagesFeedbacksRequest(message_id=message, **rating)
            assert (await client.modify_messages_feedbacks_async(request)).body.result == "success"
            listed = (await client.get_messages_async(rds.GetMessagesRequest(conversation_id=conversation))).body
            return str(listed.data[0].feedback)

        assert await rated(rating="like", content="right") == "like"
        assert await rated(rating="dislike") == "dislike"
        assert await rated() == ""
        assert await rated(rating="") == ""
        request = rds.ModifyMessagesFeedbacksRequest(message_id=message, rating="like")
        assert (await called(client.modify_messages_feedbacks, request)).body.result == "success"


async def test_custom_agents() -> None:
    async with cloud() as here:
        client = here.rdsai()
        skill = (await client.create_skill_async(rds.CreateSkillRequest(**SKILL))).body
        request = rds.CreateCustomAgentRequest(
            system_prompt="Be brief.",
            name="brief",
            enable_tools=True,
            tools=["measure", "schema"],
            skill_ids=[skill.id],
        )
        made = (await client.create_custom_agent_async(request)).body
        assert UUID.fullmatch(made.id)
        assert (made.name, made.system_prompt, made.enable_tools) == ("brief", "Be brief.", True)
        assert made.tools == ["measure", "schema"]
        ((one,),) = ([each.to_map() for each in made.skills],)
        assert one == {
            "Id": skill.id, "Name": "sql-review", "Description": "How we review SQL.", "SkillType": "user",
        }  # fmt: skip
        assert DATE.fullmatch(made.created_at)
        got = (await called(client.get_custom_agent, rds.GetCustomAgentRequest(custom_agent_id=made.id))).body
        assert got.to_map() | {"RequestId": ""} == made.to_map() | {"UpdatedAt": got.updated_at, "RequestId": ""}
        change = rds.UpdateCustomAgentRequest(custom_agent_id=made.id, enable_tools=False, tools=[])
        changed = (await client.update_custom_agent_async(change)).body
        assert (changed.enable_tools, changed.tools, changed.system_prompt) == ("false", [], "Be brief.")
        listed = (await client.list_custom_agent_async(rds.ListCustomAgentRequest())).body
        assert (listed.page_number, listed.page_size, listed.total_count, listed.skills) == (1, 10, 1, [])
        assert [(one.id, one.enable_tools) for one in listed.data] == [(made.id, False)]
        gone = rds.DeleteCustomAgentRequest(custom_agent_id=made.id)
        assert (await client.delete_custom_agent_async(gone)).body.result == "success"
        error = await refused(client.get_custom_agent_async(rds.GetCustomAgentRequest(custom_agent_id=made.id)))
        assert (error.code, error.status_code) == ("CustomAgentNotFound", 404)


async def test_a_custom_agent_really_acts() -> None:
    async with cloud([Text("I look."), Call("k1", "schema", {"instance": "x"})], [Text("Refused.")]) as here:
        client = here.rdsai()
        skill = (await client.create_skill_async(rds.CreateSkillRequest(**SKILL))).body
        request = rds.CreateCustomAgentRequest(
            system_prompt="Speak like a sailor.", enable_tools=True, tools=["measure"], skill_ids=[skill.id]
        )
        agent = (await client.create_custom_agent_async(request)).body
        inputs = rds.ChatMessagesRequestInputs(custom_agent_id=agent.id)
        frames = await stream(client, inputs=inputs, event_mode="separate")
        asked = here.parts.models["script"].requests[0]  # type: ignore[attr-defined]
        assert [tool.name for tool in asked.tools] == ["measure"]
        assert "Speak like a sailor." in asked.messages[0].text
        assert "Skill sql-review: How we review SQL." in asked.messages[0].text
        finished = next(one for one in frames if one.event == "tool_call_finished")
        assert "There is no tool 'schema'" in finished.answer
        assert answer(frames) == "I look.Refused."
        await stream(client)
        assert len(here.parts.models["script"].requests[-1].tools) > 1  # type: ignore[attr-defined]
        error = await refused(stream(client, inputs=rds.ChatMessagesRequestInputs(custom_agent_id=UNKNOWN)))
        assert error.code == "CustomAgentNotFound"


async def test_skills() -> None:
    async with cloud() as here:
        client = here.rdsai()
        made = (await client.create_skill_async(rds.CreateSkillRequest(**SKILL))).body
        assert (made.name, made.dbtypes, made.content, made.skill_type) == (
            "sql-review", ["MySQL", "PostgreSQL"], SKILL["content"], "user",
        )  # fmt: skip
        assert DATE.fullmatch(made.created_at)
        change = rds.UpdateSkillRequest(skill_id=made.id, description="Otherwise.", content={"MySQL": "n"})
        changed = (await client.update_skill_async(change)).body
        assert (changed.name, changed.description, changed.content) == ("sql-review", "Otherwise.", {"MySQL": "n"})
        assert DATE.fullmatch(changed.updated_at)
        got = (await called(client.get_skill, rds.GetSkillRequest(skill_id=made.id, language="zh-CN"))).body
        assert (got.id, got.description, got.skill_type) == (made.id, "Otherwise.", "user")
        own = (await client.list_skill_async(rds.ListSkillRequest(scope="private", query="OTHER"))).body
        assert ([one.id for one in own.data], own.total_count, own.page_size) == ([made.id], 1, 20)
        system = (await client.list_skill_async(rds.ListSkillRequest(scope="system", page_size=5, page_number=2))).body
        assert len(system.data) == 5
        assert system.total_count > 10
        assert {one.skill_type for one in system.data} == {"system"}
        assert (await client.delete_skill_async(rds.DeleteSkillRequest(skill_id=made.id))).body.result == "success"
        error = await refused(client.get_skill_async(rds.GetSkillRequest(skill_id=made.id)))
        assert (error.code, error.status_code) == ("SkillNotFound", 404)
        error = await refused(client.delete_skill_async(rds.DeleteSkillRequest(skill_id=system.data[0].id)))
        assert (error.code, error.status_code) == ("InvalidParameter", 400)


async def test_tools_and_models() -> None:
    async with cloud() as here:
        client = here.rdsai()
        tools = (await client.list_custom_agent_tools_async()).body.data
        assert [one.name for one in tools] == [one.name for one in here.assistant.turns.tools]
        for one in tools:
            writes = next(spec.writes for spec in here.assistant.turns.tools if spec.name == one.name)
            assert (one.type not in ("get", "list")) == writes
            assert len({one.zh, one.tc, one.en, one.ja}) == 4, f"{one.name} has its own words in each language"
        (model,) = (await called(client.get_chat_model, rds.GetChatModelRequest())).body.data
        assert (model.model_id, model.default, model.features, model.thinking_levels) == ("script", True, ["text"], [])
        assert isinstance(model.context_window, int)
        request = rds.GetAvailableLLMModelsRequest(instance_name="ra-supabase-1", region_id="cn-hangzhou")
        assert (await client.get_available_llmmodels_async(request)).body.models == ["script"]


async def test_another_user_sees_nothing_of_a_conversation() -> None:
    """And cannot tell somebody else's id from one that never was."""
    async with cloud() as here:
        conversation, message = await here.conversation()
        task = (await stream(here.rdsai()))[0].task_id
        for key in (await here.another(user="bob"), await here.another("other", user="ann")):
            client = here.rdsai(key)
            assert (await client.get_conversations_async(rds.GetConversationsRequest())).body.data == []
            for known in (True, False):
                errors = [
                    await refused(work)
                    for work in (
                        client.get_messages_async(
                            rds.GetMessagesRequest(conversation_id=conversation if known else UNKNOWN)
                        ),
                        stream(client, conversation_id=conversation if known else UNKNOWN),
                        client.modify_messages_feedbacks_async(
                            rds.ModifyMessagesFeedbacksRequest(message_id=message if known else UNKNOWN, rating="like")
                        ),
                        client.chat_messages_task_stop_async(
                            rds.ChatMessagesTaskStopRequest(task_id=task if known else UNKNOWN)
                        ),
                        client.get_conversations_async(
                            rds.GetConversationsRequest(last_id=conversation if known else UNKNOWN)
                        ),
                    )
                ]
                assert [(one.code, one.data["Message"]) for one in errors] == [
                    ("ConversationNotFound", "The conversation does not exist."),
                    ("ConversationNotFound", "The conversation does not exist."),
                    ("MessageNotFound", "The message does not exist."),
                    ("TaskNotFound", "The task does not exist."),
                    ("ConversationNotFound", "The conversation does not exist."),
                ]


async def test_agents_and_skills_belong_to_the_account() -> None:
    async with cloud() as here:
        client = here.rdsai()
        agent = (await client.create_custom_agent_async(rds.CreateCustomAgentRequest(system_prompt="p"))).body.id
        skill = (await client.create_skill_async(rds.CreateSkillRequest(**SKILL))).body.id
        colleague = here.rdsai(await here.another(user="bob"))
        got = (await colleague.get_custom_agent_async(rds.GetCustomAgentRequest(custom_agent_id=agent))).body
        assert got.id == agent
        stranger = here.rdsai(await here.another("other", user="ann"))
        for work, code in (
            (stranger.get_custom_agent_async(rds.GetCustomAgentRequest(custom_agent_id=agent)), "CustomAgentNotFound"),
            (stranger.delete_custom_agent_async(rds.DeleteCustomAgentRequest(custom_agent_id=agent)),
             "CustomAgentNotFound"),
            (stream(stranger, inputs=rds.ChatMessagesRequestInputs(custom_agent_id=agent)), "CustomAgentNotFound"),
            (stranger.get_skill_async(rds.GetSkillRequest(skill_id=skill)), "SkillNotFound"),
            (stranger.delete_skill_async(rds.DeleteSkillRequest(skill_id=skill)), "SkillNotFound"),
        ):  # fmt: skip
            assert (await refused(work)).code == code


@pytest.mark.parametrize("size", [1, 32_000])
async def test_prompts_of_any_allowed_length(size: int) -> None:
    async with cloud() as here:
        request = rds.CreateCustomAgentRequest(system_prompt="磁" * size)
        made = (await called(here.rdsai().create_custom_agent, request)).body
        assert made.system_prompt == "磁" * size
        too_long = rds.CreateCustomAgentRequest(system_prompt="磁" * 32_001)
        assert (await refused(here.rdsai().create_custom_agent_async(too_long))).code == "InvalidParameter"
