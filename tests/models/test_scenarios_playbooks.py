"""Scenarios of playbooks, skills and an agent's own model: what a model is offered, and what the analyst follows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from dbmedic.core.events import Checked, ToolCalled
from models.script import call, end
from models.stage import FINE, Stage, staged

MINE = (
    '+++\ndescription = "When the shop closes."\nsteps = ["stale-stats", "sl-page-size"]\n+++\n1. Look at the pages.\n'
)


@pytest.fixture(scope="module")
async def stage(tmp_path_factory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("playbooks")
    (folder / "closing-time.md").write_text(MINE)
    async with staged(folder, playbooks=folder) as found:
        yield found


async def test_a_model_is_offered_the_names_of_those_that_fit_and_reads_one(stage):
    plays = [*call("playbook", '{"name": "closing-time"}', id="k1"), *end("tool_calls")], FINE
    turn = await stage.turn(*plays)
    (tool,) = [one["function"] for one in turn.asked[0]["tools"] if one["function"]["name"] == "playbook"]
    names = [line.split(":")[0] for line in tool["description"].splitlines() if line.startswith("- ")]
    assert names == ["- closing-time", "- disk-full"] or sorted(names) == ["- closing-time", "- disk-full"]
    assert "Look at the pages" not in tool["description"]
    read = turn.asked[1]["messages"][-1]["content"]
    assert "closing-time: When the shop closes." in read
    assert "1. Look at the pages." in read


async def test_one_that_is_not_there_is_said(stage):
    plays = [*call("playbook", '{"name": "lock-stom"}', id="k1"), *end("tool_calls")], FINE
    turn = await stage.turn(*plays)
    assert [(one.ok, one.content) for one in turn.returned] == [
        (False, "not_found: playbook 'lock-stom' does not exist")
    ]


async def test_the_analyst_follows_one_that_is_named(stage):
    plain = await stage.turn([], said="Is the disk of rm-shop full?", model="analyst")
    told = await stage.turn([], said="Is the disk of rm-shop full? Use the playbook closing-time.", model="analyst")
    ran = [{event.check for event in turn.events if isinstance(event, Checked)} for turn in (plain, told)]
    assert "sl-page-size" not in ran[0]
    assert {"sl-page-size"} <= ran[1]
    assert [event.tool for event in told.events if isinstance(event, ToolCalled)][:2] == ["diagnose", "measure"]


async def test_an_agents_prompt_skills_and_tools_reach_the_model(stage):
    skill = await stage.parts.assistant.skills.create(
        "default",
        name="shop-hours",
        description="When the shop is open.",
        dbtypes=["SQLite"],
        content={"SQLite": "It closes at six."},
    )
    agent = await stage.parts.assistant.agents.create(
        "default", prompt="Be brief.", name="keeper", enable_tools=True, tools=["measure"], skills=[skill.id]
    )
    turn = await stage.turn(FINE, agent=agent.reference)
    system = turn.asked[0]["messages"][0]["content"]
    assert "Be brief." in system
    assert "Skill shop-hours: When the shop is open." in system
    assert "It closes at six." in system
    assert [one["function"]["name"] for one in turn.asked[0]["tools"]] == ["measure"]


async def test_an_agent_speaks_with_the_model_of_its_own_unless_the_question_names_one(stage):
    made = await stage.parts.assistant.agents.create("default", prompt="Be brief.", model="spare", thinking="high")
    agent = await stage.parts.assistant.agents.update(made.id, "default", name="keeper")
    assert (agent.model, agent.thinking) == ("spare", "high")
    turn = await stage.turn(FINE, agent=agent.reference, model=None)
    assert (turn.called, len(stage.spare.asked), turn.answer) == (["spare"], 1, "Fine.")
    named = await stage.turn(FINE, agent=agent.reference, model="main")
    assert (named.called, len(named.asked)) == (["main"], 1)
