"""Custom agents: a prompt, the tools that are allowed, skills.  Each change publishes a version that never changes.

A question names the version it is answered by ("<id>@<version>"), so a log says exactly who answered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from dbmedic.assistant.conversations import Page
from dbmedic.assistant.skills import Skill, Skills
from dbmedic.core.errors import BadField, Busy, NotFound
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Agent, Question, Row

PROMPT_CHARS = 32_000
NAME_CHARS = 128
MOST_SKILLS = 50
MOST = 1000
"""Agents of one account."""


class CustomAgent(Struct, frozen=True, kw_only=True):
    """An agent as its owner sees it."""

    id: str
    version: int
    name: str
    prompt: str
    enable_tools: bool
    """Whether it may use tools at all."""
    tools: tuple[str, ...]
    """The tools it may use; empty is all of them."""
    skills: tuple[Skill, ...]
    model: str
    """Name of the model it speaks with, unless a question names one; empty: the default."""
    thinking: str
    """How much it thinks, unless a question says; empty: as the model likes."""
    created_at: datetime
    updated_at: datetime

    @property
    def reference(self) -> str:
        """How a question names exactly this version."""
        return f"{self.id}@{self.version}"


class Agents:
    """The agents of all accounts."""

    def __init__(self, store: Store, skills: Skills, tools: Collection[str], *, now: Now, new_id: NewId) -> None:
        """`tools`: names of the tools there are."""
        self._store, self._skills, self._tools = store, skills, tools
        self._now, self._new_id = now, new_id

    async def create(
        self,
        account: str,
        *,
        prompt: str,
        name: str = "",
        enable_tools: bool = False,
        tools: Sequence[str] = (),
        skills: Sequence[str] = (),
        model: str = "",
        thinking: str = "",
    ) -> CustomAgent:
        """A new agent.  Raises `BadField` for a prompt that is too long, an unknown tool or skill."""
        id, now = self._new_id(), micros(self._now())
        (total,) = await self._store.read("agents_count", account=account)
        if total["total"] >= MOST:
            raise BadField("name", f"an account has at most {MOST} agents; delete one first")
        version = await self._version(id, account, 1, name, prompt, enable_tools, tools, skills, model, thinking)
        await self._store.write(("agent_put", {"id": id, "account": account, "now": now}), version)
        return await self.get(id, account)

    async def update(
        self,
        id: str,
        account: str,
        *,
        prompt: str | None = None,
        name: str | None = None,
        enable_tools: bool | None = None,
        tools: Sequence[str] | None = None,
        skills: Sequence[str] | None = None,
        model: str | None = None,
        thinking: str | None = None,
    ) -> CustomAgent:
        """Publishes a new version with what is given changed.  Raises `NotFound("agent")` and `BadField`."""
        before = await self.get(id, account)
        number = before.version + 1
        version = await self._version(
            id,
            account,
            number,
            before.name if name is None else name,
            before.prompt if prompt is None else prompt,
            before.enable_tools if enable_tools is None else enable_tools,
            before.tools if tools is None else tools,
            [one.id for one in before.skills] if skills is None else skills,
            before.model if model is None else model,
            before.thinking if thinking is None else thinking,
        )
        publish = {"id": id, "account": account, "version": number, "now": micros(self._now())}
        made, _ = await self._store.write(version, ("agent_publish", publish))
        if not made:
            raise Busy(f"changes of agent {id}", 1)
        return await self.get(id, account)

    async def delete(self, id: str, account: str) -> None:
        """Nobody can select it any more; what it answered stays.  Raises `NotFound("agent")`."""
        gone = {"id": id, "account": account, "now": micros(self._now())}
        (rows,) = await self._store.write(("agent_delete", gone))
        if not rows:
            raise NotFound("agent", id)

    async def get(self, id: str, account: str) -> CustomAgent:
        """The newest version.  Raises `NotFound("agent")`."""
        rows = await self._store.read("agent_get", id=id, account=account)
        if not rows:
            raise NotFound("agent", id)
        return await self._agent(rows[0], account)

    async def list(self, account: str, *, skip: int = 0, limit: int = 10) -> tuple[Page[CustomAgent], int]:
        """One page, newest first, and how many agents there are."""
        rows = await self._store.read("agents_page", account=account, skip=skip, limit=limit)
        (total,) = await self._store.read("agents_count", account=account)
        found = [await self._agent(row, account) for row in rows]
        return Page(found, skip + len(found) < total["total"]), total["total"]

    async def acting(self, question: Question) -> Agent | None:
        """Who answers a question; None when it selects none of the custom agents."""
        id, at, version = (question.agent or "").partition("@")
        if not at or not version.isdigit():
            return None
        account = question.caller.account
        rows = await self._store.read("agent_version_get", id=id, account=account, version=int(version))
        if not rows:
            return None
        found = await self._agent(rows[0], account)
        return Agent(
            id=found.id,
            version=found.version,
            name=found.name,
            prompt=found.prompt,
            tools=(found.tools or None) if found.enable_tools else (),
            skills=tuple(skill.taught() for skill in found.skills),
            model=found.model,
            thinking=found.thinking,
        )

    async def _version(
        self,
        id: str,
        account: str,
        number: int,
        name: str,
        prompt: str,
        enable_tools: bool,
        tools: Sequence[str],
        skills: Sequence[str],
        model: str,
        thinking: str,
    ) -> tuple[str, Row]:
        if not prompt.strip() or len(prompt) > PROMPT_CHARS:
            raise BadField("prompt", f"an agent's prompt has 1 to {PROMPT_CHARS} characters")
        if len(name) > NAME_CHARS:
            raise BadField("name", f"an agent's name has at most {NAME_CHARS} characters")
        for tool in tools:
            if tool not in self._tools:
                raise BadField("tools", f"there is no tool {tool!r}; tools: {', '.join(self._tools)}")
        for field, value in (("model", model), ("thinking", thinking)):
            if len(value) > NAME_CHARS:
                raise BadField(field, f"an agent's {field} has at most {NAME_CHARS} characters")
        if len(skills) > MOST_SKILLS:
            raise BadField("skills", f"an agent has at most {MOST_SKILLS} skills")
        known = {one.id for one in await self._skills.taught(skills, account)}
        for skill in skills:
            if skill not in known:
                raise BadField("skills", f"there is no skill {skill!r}")
        row = {
            "agent": id,
            "version": number,
            "name": name,
            "prompt": prompt,
            "enable_tools": int(enable_tools),
            "tools": msgspec.json.encode(tools).decode(),
            "skills": msgspec.json.encode(skills).decode(),
            "model": model or None,
            "thinking": thinking or None,
            "now": micros(self._now()),
        }
        return "agent_version_put", row

    async def _agent(self, row: Row, account: str) -> CustomAgent:
        return CustomAgent(
            id=row["id"],
            version=row["version"],
            name=row["name"],
            prompt=row["prompt"],
            enable_tools=bool(row["enable_tools"]),
            tools=tuple(msgspec.json.decode(row["tools"])),
            skills=await self._skills.taught(msgspec.json.decode(row["skills"]), account),
            model=row["model"] or "",
            thinking=row["thinking"] or "",
            created_at=moment(row["created_at"]),
            updated_at=moment(row["updated_at"]),
        )
