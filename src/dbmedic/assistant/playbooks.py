"""How playbooks take part in a turn: the model sees the names of those that fit, the analyst follows one it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog
from msgspec.structs import replace

from dbmedic.agent.tool import Tool
from dbmedic.core.values import Agent, InstanceCard, Question, Skill, ToolSpec
from dbmedic.diagnosis.playbooks import Playbook, fitting, listed, load, named

logger = structlog.get_logger("dbmedic.playbooks")

TOOL: Final = "playbook"
SETS: Final = 256
"""Sets of tools and engines whose description is remembered."""
ENGINES: Final = {"postgresql": "postgres", "pg": "postgres"}
"""Spellings of instance cards that differ from an engine's name."""


class Playbooks:
    """Ours and the operator's, read with the first turn."""

    def __init__(self, folder: Path | None, tools: Collection[str]) -> None:
        """`folder`: the operator's; None or missing: only ours."""
        self._folder, self._tools = folder, tools
        self._found: Mapping[str, Playbook] | None = None
        self._reading = asyncio.Lock()
        self._specs: dict[tuple[frozenset[str], frozenset[str]], tuple[ToolSpec, ...]] = {}

    async def all(self) -> Mapping[str, Playbook]:
        """By name."""
        if self._found is not None:
            return self._found
        # Once, however many turns come first together: msgspec crashes when two threads meet a new type at once.
        async with self._reading:
            if self._found is None:
                found, problems = await asyncio.to_thread(load, self._folder, self._tools)
                for problem in problems:
                    logger.warning("playbook left out", problem=problem)
                self._found = found
            return self._found

    async def offered(self, tools: Mapping[str, Tool], cards: Sequence[InstanceCard]) -> tuple[ToolSpec, ...]:
        """What the tools look like to a model: the one that reads playbooks lists those that fit, or is left out."""
        which = frozenset(tools), frozenset(engine_of(card) for card in cards)
        if (specs := self._specs.get(which)) is None:
            if len(self._specs) >= SETS:
                self._specs.clear()
            found = [tool.spec for name, tool in tools.items() if name != TOOL]
            if TOOL in tools and (spec := _listing(tools[TOOL].spec, fitting(await self.all(), which[1]))) is not None:
                found.append(spec)
            specs = self._specs[which] = tuple(found)
        return specs


def _listing(spec: ToolSpec, found: Sequence[Playbook]) -> ToolSpec | None:
    if not found:
        return None
    return replace(spec, description=f"{spec.description}\n\nPlaybooks:\n{listed(found)}")


def taught(agent: Agent | None, question: Question, playbooks: Mapping[str, Playbook]) -> Agent | None:
    """The agent as the analyst knows it: with the checks of the playbook that the question names.  Pure."""
    one = named(question.text, playbooks)
    if one is None:
        return agent
    checks = f"checks: {', '.join(one.checks)}"
    engines = one.engines or ("postgres", "mysql", "mariadb", "sqlite", "redis")
    skill = Skill(name=one.name, description=one.description, texts=dict.fromkeys(engines, checks))
    if agent is None:
        return Agent(id="default", version=0, name="dbmedic", prompt="", skills=(skill,))
    return replace(agent, skills=(*agent.skills, skill))


def engine_of(card: InstanceCard) -> str:
    engine = card.engine.lower()
    return ENGINES.get(engine, engine)
