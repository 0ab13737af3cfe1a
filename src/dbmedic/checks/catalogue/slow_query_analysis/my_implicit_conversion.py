"""Statements that read whole tables because they compare a text with a number.

They are found with the other full reads, by `missing_index.py`; here is only what tells them apart.
"""

from __future__ import annotations

from dbmedic.checks.catalogue.schema_object_analysis import missing_index
from dbmedic.checks.check import catalogue
from dbmedic.checks.context import Context
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per column that is compared with the wrong type."""
    other = Context(context.lanes, context.cost, catalogue()["missing-index"].engine(context.facts.engine))
    found = await missing_index.reads(other)
    context.window, context.better, context.better_grant = other.window, other.better, other.better_grant
    return [row for row in found if row["kind"] == "conversion"]
