"""The plan of a statement, without running it."""

from __future__ import annotations

import msgspec

from dbmedic.agent.tool import Context, tool

PLAN_CHARS = 12_000


@tool
async def explain(
    context: Context, instance: str, statement: str, database: str | None = None, schema: str | None = None
) -> str:
    """Plan one statement of the application without executing it, and return the planner's JSON.

    instance: id of the instance.  statement: one SELECT, INSERT, UPDATE or DELETE; placeholders are allowed.
    database, schema: where the statement runs, when it is not the instance's own database.
    """
    target = await context.target(instance)
    plan = await target.engine.plan(statement, database=database, schema=schema)
    text = msgspec.json.encode(plan).decode()
    return text if len(text) <= PLAN_CHARS else text[:PLAN_CHARS] + f" … cut, {len(text)} characters in all"
