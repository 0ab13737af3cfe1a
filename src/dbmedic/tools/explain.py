"""The plan of a statement, without running it: what stands out in it, better wordings, and what an index would do."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from dbmedic.agent.tool import Context, tool
from dbmedic.checks import rewriting
from dbmedic.core.errors import Unmeasured, WriteRefused
from dbmedic.core.ports import Engine
from dbmedic.diagnosis import planwords
from dbmedic.kit import plans
from dbmedic.kit.plans import Plan
from dbmedic.kit.statements.text import significant

PLAN_CHARS = 12_000
DIFFERS = {
    "nulls": "gives rows that NOT IN hides when the subquery yields a NULL",
    "page": "goes on from the last key seen, so the placeholder is that key, not a count of rows",
}
UNITS = {"cost": "planner cost", "rows": "rows looked at"}


@tool
async def explain(
    context: Context,
    instance: str,
    statement: str,
    database: str | None = None,
    schema: str | None = None,
    index: str | None = None,
) -> str:
    """Plan one statement of the application without executing it: what stands out, better wordings, the planner's JSON.

    instance: id of the instance.  statement: one SELECT, INSERT, UPDATE or DELETE; placeholders are allowed.
    database, schema: where the statement runs, when it is not the instance's own database.
    index: a CREATE INDEX that the planner of PostgreSQL is to imagine (extension hypopg); nothing is built.
    """
    target = await context.target(instance)
    engine = target.engine
    value = await engine.plan(statement, database=database, schema=schema)
    name = (await engine.facts()).engine
    text = msgspec.json.encode(value).decode()
    cut = text if len(text) <= PLAN_CHARS else text[:PLAN_CHARS] + f" … cut, {len(text)} characters in all"
    try:
        plan = plans.of(value, name)
    except ValueError:
        return cut

    async def ask(wording: str) -> dict[str, Any]:
        return await engine.plan(wording, database=database, schema=schema)

    lines = [*planwords.sentences(plan, "en"), *planwords.habits(statement, plan, "en"), *_caution(statement, name)]
    for one in await rewriting.proved(statement, plan, name, ask):
        effort = f"{UNITS[one.unit]} {one.before:g} -> {one.after:g}"
        differs = f"; it {DIFFERS[one.rewrite.differs]}" if one.rewrite.differs else ""
        lines.append(f"Worded otherwise, planned here, {effort}{differs}: {one.rewrite.statement}")
    if index is not None:
        lines.append(await _imagined(engine, statement, plan, name, index, database, schema))
    return "\n".join([*lines, cut])


def _caution(statement: str, engine: str) -> list[str]:
    """What a plan without values is worth."""
    if not any(
        token.kind == "param" and re.fullmatch(r"\?|\$\d+", token.text) for token in significant(statement, engine)
    ):
        return []
    if engine == "postgres":
        return ["Planned for any value of its placeholders (a generic plan); with real values it may differ."]
    return ["Planned with example values for its placeholders: an estimate."]


async def _imagined(
    engine: Engine, statement: str, plan: Plan, name: str, index: str, database: str | None, schema: str | None
) -> str:
    """What the planner would do if the index were there."""
    try:
        value = await engine.plan(statement, database=database, schema=schema, indexes=[index])
    except (Unmeasured, WriteRefused) as failure:
        grant = getattr(failure, "grant", None)
        return f"The index was not tried: {failure}" + (f"; {grant} would allow it" if grant else "")
    after = plans.of(value, name)
    used = any((node.index or "").startswith("<") for node in plans.steps(after))
    said = "is used" if used else "is not used"
    return f"With the index imagined, it {said}: planner cost {plan.cost or 0:g} -> {after.cost or 0:g}."
