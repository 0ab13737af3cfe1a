"""Custom agents and skills: versions, ownership by account, and what an acting agent may do."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dbmedic.assistant.accounts import first_start
from dbmedic.assistant.agents import Agents
from dbmedic.assistant.secrets import Secrets
from dbmedic.assistant.skills import MOST, Skills, system_skills
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.log import micros
from dbmedic.core.values import Caller, Question
from dbmedic.store.sqlite import open_store

SKILL: dict[str, Any] = {
    "name": "sql-review",
    "description": "Review SQL as we do.",
    "dbtypes": ["MySQL", "PostgreSQL"],
    "content": {"MySQL": "m", "PostgreSQL": "checks: table-bloat"},
}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def new_id() -> str:
    return str(uuid4())


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[tuple[Agents, Skills]]:
    store = await open_store(tmp_path / "store.db")
    await first_start(store, Secrets(bytes(32), os.urandom), max_turns=8, now=lambda: NOW, new_id=new_id)
    await store.write(("account_put_new", {"id": "other", "name": "other", "max_turns": 1, "now": micros(NOW)}))
    skills = Skills(store, now=lambda: NOW, new_id=new_id)
    yield Agents(store, skills, ("diagnose", "measure"), now=lambda: NOW, new_id=new_id), skills
    await store.close()


def asked(agent: str | None, account: str = "default") -> Question:
    return Question(text="q", caller=Caller(account=account, user="u", key="k"), api="rdsai", agent=agent)


async def test_an_agent_acts_as_the_version_that_was_named(parts: tuple[Agents, Skills]) -> None:
    agents, skills = parts
    skill = await skills.create("default", **SKILL)
    one = await agents.create(
        "default", prompt="Be brief.", name="brief", enable_tools=True, tools=["measure"], skills=[skill.id]
    )
    two = await agents.update(one.id, "default", prompt="Be long.", tools=[])
    assert (two.version, two.name, two.skills) == (2, "brief", (skill,))
    before, after = await agents.acting(asked(one.reference)), await agents.acting(asked(two.reference))
    assert before is not None
    assert after is not None
    assert (before.prompt, before.tools) == ("Be brief.", ("measure",))
    assert (after.prompt, after.tools) == ("Be long.", None)
    assert after.skills[0].texts == {"mysql": "m", "postgres": "checks: table-bloat"}


async def test_without_tools_enabled_none_may_be_used(parts: tuple[Agents, Skills]) -> None:
    agents, _ = parts
    acting = await agents.acting(asked((await agents.create("default", prompt="p", tools=["measure"])).reference))
    assert acting is not None
    assert acting.tools == ()


async def test_a_deleted_skill_is_gone_from_its_agents(parts: tuple[Agents, Skills]) -> None:
    agents, skills = parts
    skill = await skills.create("default", **SKILL)
    agent = await agents.create("default", prompt="p", skills=[skill.id])
    await skills.delete(skill.id, "default")
    assert (await agents.get(agent.id, "default")).skills == ()


async def test_another_account_sees_nothing(parts: tuple[Agents, Skills]) -> None:
    agents, skills = parts
    skill = await skills.create("default", **SKILL)
    agent = await agents.create("default", prompt="p")
    for work in (
        agents.get(agent.id, "other"),
        agents.update(agent.id, "other", prompt="x"),
        agents.delete(agent.id, "other"),
        skills.get(skill.id, "other"),
        skills.update(skill.id, "other", name="x"),
        skills.delete(skill.id, "other"),
    ):
        with pytest.raises(NotFound):
            await work
    assert await agents.acting(asked(agent.reference, "other")) is None
    assert (await agents.list("other"))[1] == 0
    with pytest.raises(BadField):
        await agents.create("other", prompt="p", skills=[skill.id])
    assert (await skills.create("other", **SKILL)).name == skill.name, "names are taken per account"


async def test_a_deleted_agent_cannot_be_selected_and_its_answers_stay_explained(parts: tuple[Agents, Skills]) -> None:
    agents, _ = parts
    agent = await agents.create("default", prompt="p")
    await agents.delete(agent.id, "default")
    for work in (agents.get(agent.id, "default"), agents.delete(agent.id, "default")):
        with pytest.raises(NotFound):
            await work
    assert await agents.acting(asked(agent.reference)) is not None


@pytest.mark.parametrize(
    "reference", [None, "", "default", "x@", "x@1", "@1", "a" * 9000, "05cf98c0-8d75-4495-84fe-a7c0cc0e2de4@1", "x@-1"]
)
async def test_nothing_acts_for_a_name_that_is_no_agents(parts: tuple[Agents, Skills], reference: str | None) -> None:
    assert await parts[0].acting(asked(reference)) is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"prompt": " "}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"name": "x" * 129}, "name"),
        ({"tools": ["drop_everything"]}, "tools"),
        ({"skills": ["nothing"]}, "skills"),
        ({"skills": ["x"] * 51}, "skills"),
    ],
)
async def test_agents_that_cannot_be(parts: tuple[Agents, Skills], wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(BadField) as seen:
        await parts[0].create("default", **({"prompt": "p"} | wrong))
    assert seen.value.name == field
    assert (await parts[0].list("default"))[1] == 0


async def test_pages_of_agents(parts: tuple[Agents, Skills]) -> None:
    agents, _ = parts
    made = {(await agents.create("default", prompt="p", name=str(n))).id for n in range(5)}
    first, total = await agents.list("default", limit=3)
    second, _ = await agents.list("default", skip=3, limit=3)
    assert (total, first.has_more, second.has_more) == (5, True, False)
    assert {one.id for one in (*first.rows, *second.rows)} == made


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "SQL Review"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"description": ""}, "description"),
        ({"description": "x" * 1001}, "description"),
        ({"dbtypes": []}, "dbtypes"),
        ({"dbtypes": ["Oracle"]}, "dbtypes"),
        ({"dbtypes": ["MySQL", "MySQL"]}, "dbtypes"),
        ({"content": {"MariaDB": "x"}}, "content"),
        ({"content": {"MySQL": 5}}, "content"),
        ({"content": {"MySQL": "x" * 32_001}}, "content"),
    ],
)
async def test_skills_that_cannot_be(parts: tuple[Agents, Skills], wrong: dict[str, Any], field: str) -> None:
    _, skills = parts
    with pytest.raises(BadField) as seen:
        await skills.create("default", **(SKILL | wrong))
    assert seen.value.name == field
    kept = await skills.create("default", **SKILL)
    with pytest.raises(BadField):
        await skills.update(kept.id, "default", **wrong)
    assert await skills.get(kept.id, "default") == kept


async def test_a_name_is_taken_once(parts: tuple[Agents, Skills]) -> None:
    _, skills = parts
    one = await skills.create("default", **SKILL)
    two = await skills.create("default", **(SKILL | {"name": "other"}))
    for work in (skills.create("default", **SKILL), skills.update(two.id, "default", name="sql-review")):
        with pytest.raises(BadField, match="exists already"):
            await work
    await skills.delete(one.id, "default")
    assert (await skills.update(two.id, "default", name="sql-review")).name == "sql-review"


async def test_lists_and_searches(parts: tuple[Agents, Skills]) -> None:
    _, skills = parts
    own = await skills.create("default", **SKILL)
    assert await skills.list("default", scope="private") == [own]
    assert await skills.list("default", scope="system") == list(system_skills().values())
    assert (await skills.list("default"))[0] == own
    assert await skills.list("default", words="REVIEW SQL AS") == [own]


async def test_built_in_skills_are_read_only(parts: tuple[Agents, Skills]) -> None:
    agents, skills = parts
    id = next(iter(system_skills()))
    for work in (skills.update(id, "default", name="x"), skills.delete(id, "default")):
        with pytest.raises(BadField, match="built in"):
            await work
    agent = await agents.create("default", prompt="p", skills=[id])
    assert [one.type for one in agent.skills] == ["system"]
    assert len(system_skills()) < MOST
