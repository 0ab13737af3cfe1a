"""Statements that a model wrote into its answer: planned on the instance that is meant, or said to be unchecked.

Nothing is executed.  What cannot be planned (most of what changes a schema or a setting), or not in time, is labelled.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from dbmedic.agent.ground import Block
from dbmedic.core.errors import Failure, Unmeasured
from dbmedic.core.lang import phrase
from dbmedic.core.ports import Target
from dbmedic.kit.statements import why_not_imagined, why_not_planned
from dbmedic.kit.statements.text import tokens

LANGUAGES: Final = frozenset(
    {"sql", "postgres", "postgresql", "pgsql", "plpgsql", "psql", "mysql", "mariadb", "sqlite", "tsql"}
)
_STATEMENT: Final = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(?:select|insert|update|delete|with|create|alter|drop|replace|merge|truncate|set|"
    r"vacuum|analyze|optimize|reindex|grant|revoke|kill|explain|call|begin|rename|lock|cluster|refresh|do|comment)\b",
    re.IGNORECASE | re.DOTALL,
)
_INDEX: Final = re.compile(r"\s*create\s+(?:unique\s+)?index\b", re.IGNORECASE)
MOST: Final = 6
"""Statements of one block that are planned."""
SECONDS: Final = 4.0
"""For all of a block."""


class Planned:
    """Checks the code blocks of one reply."""

    def __init__(
        self,
        target: Callable[[str], Awaitable[Target]],
        instance: Callable[[], str | None],
        language: Callable[[], str],
    ) -> None:
        """`instance` finds the one that the answer is about, None where that is not known; `language` the reader's."""
        self._target, self._instance, self._language = target, instance, language

    async def label(self, block: Block) -> str:
        """A line to put behind a block; empty where it holds no statement, or where all of it could be planned."""
        if block.language not in LANGUAGES and (block.language or _STATEMENT.match(block.text) is None):
            return ""
        if (instance := self._instance()) is None:
            return self._said("ground.unchecked", why=phrase(self._language(), "ground.no_instance"))
        with anyio.move_on_after(SECONDS):
            return await self._wrong(block.text, instance)
        return self._said("ground.unchecked", why=phrase(self._language(), "ground.too_long"))

    async def _wrong(self, text: str, instance: str) -> str:
        try:
            engine = (await self._target(instance)).engine
            name = (await engine.facts()).engine
            statements = split(text, name)
            for statement in statements[:MOST]:
                if _INDEX.match(statement) and name == "postgres" and why_not_imagined(statement) is None:
                    await engine.plan("select 1", timeout_s=2, indexes=[statement])
                elif why_not_planned(statement, name) is None:
                    await engine.plan(statement, timeout_s=2)
                else:
                    return self._said("ground.unchecked", why=phrase(self._language(), "ground.not_planned"))
        except Unmeasured:
            return self._said("ground.unchecked", why=phrase(self._language(), "ground.not_planned"))
        except Failure as failure:
            return self._said("ground.unplanned", instance=instance, why=" ".join(str(failure).split())[:200])
        if len(statements) > MOST:
            return self._said("ground.unchecked", why=phrase(self._language(), "ground.too_long"))
        return ""

    def _said(self, key: str, **fields: str) -> str:
        return f"*{phrase(self._language(), key, **fields)}*\n"


def split(text: str, engine: str) -> list[str]:
    """The statements of a text, without what ends them."""
    found, start = [], 0
    for token in tokens(text, engine):
        if token.text == ";":
            found.append(text[start : token.start])
            start = token.start + 1
    return [one.strip() for one in [*found, text[start:]] if _STATEMENT.match(one)]
