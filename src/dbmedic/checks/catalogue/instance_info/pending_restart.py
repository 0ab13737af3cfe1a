"""Settings that are written and not in force: those that wait for a restart, and lines that no start will take."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.checks.template import ident
from dbmedic.core.errors import Denied, StatementFailed
from dbmedic.core.values import Row


async def rows(context: Context) -> list[Row]:
    """One row per setting.  Where the file may not be read, `context.better` says so and what would open it."""
    found: dict[str, Row] = {}
    readable = True
    try:
        found = {str(row["parameter"]): row for row in await context.rows(context.query("file"))}
    except (Denied, StatementFailed) as failure:
        readable = False
        role = ident(context.facts.role, "postgres")
        context.better = f"the lines of the configuration file were not checked: {failure}"
        context.better_grant = (
            f"GRANT SELECT ON pg_file_settings TO {role}; "
            f"GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO {role}"
        )
    for row in await context.rows(context.query("pending")):
        name = str(row["parameter"])
        # The server keeps its mark when a change is taken back, so the file decides: what it no longer says is settled,
        # unless the server still runs with what the file once said.
        if name not in found and (row["taken_out"] or not readable):
            found[name] = row if readable else {**row, "confidence": "estimate"}
    return list(found.values())
