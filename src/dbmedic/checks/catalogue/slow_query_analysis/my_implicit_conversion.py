"""Statements that read whole tables because they convert a column: to a number, or into another character set.

They are found with the other full reads, by `missing_index.py`; here is only what tells them apart.
"""

from __future__ import annotations

from dbmedic.checks.advice import CHARSET
from dbmedic.checks.catalogue.schema_object_analysis import missing_index
from dbmedic.checks.check import catalogue
from dbmedic.checks.context import Context
from dbmedic.core.values import Row

TO = {"conversion": "number", "charset": "charset"}


async def rows(context: Context) -> list[Row]:
    """One row per column that is compared with the wrong type, or with a text of another character set."""
    other = Context(context.lanes, context.cost, catalogue()["missing-index"].engine(context.facts.engine))
    found = await missing_index.reads(other)
    context.window, context.better, context.better_grant = other.window, other.better, other.better_grant
    return [{**row, "to": TO[row["kind"]], "charset": charset(row)} for row in found if row["kind"] in TO]


def charset(row: Row) -> str | None:
    """The character set that each row's text is converted into."""
    into = CHARSET.search(str(row["wrapped"] or ""))
    return into[1] if into else None
