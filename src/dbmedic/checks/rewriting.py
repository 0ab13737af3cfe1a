"""Other wordings of a statement, each planned on the server before anybody sees it.

What the server does not parse or plan, and what it would not do with less work, is left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from dbmedic.core.errors import Failure
from dbmedic.kit import plans
from dbmedic.kit.plans import Plan
from dbmedic.kit.statements.rewrite import Rewrite, rewrites

LEAST = 0.9
"""A wording is worth showing from this part of the effort on."""

Ask = Callable[[str], Awaitable[dict[str, Any]]]
"""The planner's JSON of a statement, in the place where it runs."""


class Proved(Struct, frozen=True, kw_only=True):
    """A wording with what the planner expects of it, in its own unit."""

    rewrite: Rewrite
    before: float
    after: float
    unit: str
    """ "cost" as the planner counts it, or "rows" looked at."""


async def proved(
    statement: str, plan: Plan, engine: str, ask: Ask, texts: frozenset[str] = frozenset()
) -> list[Proved]:
    """The wordings of which the planner expects less work, the best first; `plan` is the statement's own.

    A wording that only another index would make cheaper is not among them.
    """
    before = plans.effort(plan)
    found: list[Proved] = []
    for one in rewrites(statement, engine, texts) if before is not None else ():
        try:
            after = plans.effort(plans.of(await ask(one.statement), engine))
        except (Failure, ValueError):
            continue
        if before is not None and after is not None and after[1] == before[1] and after[0] < LEAST * before[0]:
            found.append(Proved(rewrite=one, before=before[0], after=after[0], unit=before[1]))
    return sorted(found, key=lambda one: one.after)
