"""Which tools a caller has over MCP, and what a call without a server leaves behind."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from mcp.shared.exceptions import MCPError

from dbmedic import app
from dbmedic.api.mcp import tools
from dbmedic.assistant.accounts import LOCAL
from dbmedic.assistant.calls import called, question
from dbmedic.assistant.published import draft
from dbmedic.config import Config
from dbmedic.core.events import Answered, ModelCalled, ToolReturned
from dbmedic.core.values import Caller, Question


@pytest.fixture
async def parts() -> AsyncIterator[app.Parts]:
    parts = await app.build(Config(data=None))
    yield parts
    await parts.close()


async def signed_in(parts: app.Parts) -> Caller:
    return await parts.assistant.keys.sign_in((await parts.assistant.keys.create(app="ops")).secret)


async def test_the_published_agent_of_an_app_limits_its_keys_here_too(parts: app.Parts) -> None:
    caller = await signed_in(parts)
    assert "create_index" in {tool.name for tool in await tools.listed(parts.assistant, caller)}
    await parts.assistant.published.publish("ops", draft('prompt = "Be short."\ntools = ["instances"]'))
    assert {tool.name for tool in await tools.listed(parts.assistant, caller)} == {
        "instances",
        "ask",
        "approval_status",
    }
    assert not (await tools.called(parts.assistant, caller, "instances", {})).is_error
    with pytest.raises(MCPError, match="no tool 'query'"):
        await tools.called(parts.assistant, caller, "query", {"instance": "shop", "sql": "select 1"})
    running = await parts.assistant.turns.call("query", {}, caller, await tools._agent(parts.assistant, caller))
    await running.closed.wait()
    (heard,) = [entry.event for entry in running.entries if isinstance(entry.event, ToolReturned)]
    assert (heard.ok, heard.content) == (False, "There is no tool 'query'; tools: instances.")


async def test_a_call_is_a_turn_in_the_log_whose_result_is_its_answer(parts: app.Parts) -> None:
    result = await tools.called(parts.assistant, LOCAL, "instances", {})
    assert result.meta is not None
    kept = [entry.event for entry in await parts.assistant.conversations.turn(result.meta["dbmedic/turn"], LOCAL)]
    (answer,) = [event for event in kept if isinstance(event, Answered) and event.final]
    assert answer.text == "No instance is registered, or the key may see none."
    assert {event.model for event in kept if isinstance(event, ModelCalled)} == {"call"}


async def test_a_whole_question_is_answered_and_changes_nothing(parts: app.Parts) -> None:
    told = await tools.called(parts.assistant, LOCAL, "ask", {"question": "How do I add an index without blocking?"})
    assert not told.is_error
    assert "concurrently" in str(told.content).lower()
    for args in ({}, {"question": ""}, {"question": "x" * 30_000}, {"question": "why?", "instance": "nothing"}):
        assert (await tools.called(parts.assistant, LOCAL, "ask", args)).is_error, args


def test_only_questions_of_this_wire_are_calls() -> None:
    one = question("measure", {"instance": "shop"}, LOCAL)
    assert called(one) is not None
    forged = Question(text="hello", caller=LOCAL, api="dify", inputs=one.inputs)
    assert called(forged) is None


@pytest.mark.parametrize(
    "args",
    [{}, {"approval": 7}, {"approval": "x", "wait_s": 1e9}, {"approval": "x", "sql": "y"}, {"approval": "x" * 999}],
)
async def test_what_is_no_question_about_an_approval_is_an_error(parts: app.Parts, args: dict[str, object]) -> None:
    result = await tools.called(parts.assistant, LOCAL, "approval_status", args)
    assert result.is_error
