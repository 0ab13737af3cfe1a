"""Foreign keys of an SQLite file that no index serves, with the size of their tables.

The size is the last rowid, one step at the end of a tree: SQLite keeps no count.
"""

from __future__ import annotations

from dbmedic.checks import template
from dbmedic.checks.context import Context
from dbmedic.core.errors import StatementFailed
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per foreign key; `rows` is None for a table without rowids."""
    return [{**key, **await _size(context, key)} for key in await context.rows(context.query("keys"))]


async def _size(context: Context, key: Row) -> Row:
    sql = template.statement(context.query("last"), key, {"table": "ident"}, "sqlite")
    try:
        found = await context.rows(sql or "")
    except StatementFailed:
        found = []
    return {"rows": found[0]["last"] if found else None, "index": f"{key['table']}_{key['column']}_idx"}
