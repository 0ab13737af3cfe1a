"""Renews a table's statistics, or cleans it up."""

from __future__ import annotations

from typing import Any, Literal

from dbmedic.agent.tool import Context, tool
from dbmedic.core.errors import BadField
from dbmedic.core.values import Proposal, Row, Unit
from dbmedic.tools.change import carried_out, done, observed, proposed
from dbmedic.tools.tables import Table, found

Work = Literal["analyze", "vacuum", "optimize"]

_RISKS = {
    ("postgres", "analyze"): "reads a sample of the table; blocks no reader or writer",
    ("postgres", "vacuum"): "reads and writes the table's pages; blocks no reader or writer, only other changes of it",
    ("mysql", "analyze"): "reads a sample of the table; statements wait for a moment when it is being changed",
    ("mysql", "optimize"): "builds the table anew: needs its size in free space; writes wait at its begin and end",
}
_STATE = {
    "postgres": """
        select n_live_tup as live, n_dead_tup as dead,
               greatest(last_analyze, last_autoanalyze) as analyzed, greatest(last_vacuum, last_autovacuum) as vacuumed
        from pg_stat_all_tables where schemaname = %(schema)s and relname = %(table)s""",
    "mysql": """
        select table_rows as live, data_length as size, data_free as free
        from information_schema.tables where table_schema = %(schema)s and table_name = %(table)s""",
}
_UNITS: dict[str, Unit] = {
    "live": "count",
    "dead": "count",
    "analyzed": "time",
    "vacuumed": "time",
    "size": "bytes",
    "free": "bytes",
}


async def _proposal(
    context: Context, instance: str, table: str, work: Work, purpose: str, database: str | None = None
) -> Proposal:
    place = await found(context, instance, table, database)
    risk = _RISKS.get((place.family, work))
    if risk is None:
        known = ", ".join(of for family, of in _RISKS if family == place.family)
        raise BadField("work", f"{work} is not done on {place.engine}; choose one of {known}")
    words = {"analyze": "analyze", "vacuum": "vacuum (analyze)"}
    statement = f"{words[work]} {place.name}" if place.family == "postgres" else f"{work} table {place.name}"
    return await proposed(
        context, instance, statement, risk=risk, description=purpose, database=place.database,
        dangerous=work == "optimize",
    )  # fmt: skip


@tool(proposes=_proposal)
async def maintain(
    context: Context, instance: str, table: str, work: Work, purpose: str, database: str | None = None
) -> str:
    """Renew the statistics of one table (analyze), or clean it up (vacuum on PostgreSQL, optimize on MySQL).

    A person is asked first.  instance: id of the instance.  table: schema.table.  purpose: why, in the asker's
    language, for the person who decides.  database: where the table is, when not the instance's own database.
    """
    _ = work, purpose
    place = await found(context, instance, table, database)
    before = await _state(context, instance, place)
    outcome = await carried_out(context)
    after = await _state(context, instance, place)
    for row in (before, after):
        units = {name: _UNITS[name] for name in row}
        await observed(context, "table_state", f"{place.schema}.{place.table}", row, units, "statistics")
    told = ", ".join(f"{name} {before.get(name)} -> {value}" for name, value in after.items() if value is not None)
    return done(context, outcome, f"Before -> after: {told}." if told else "")


async def _state(context: Context, instance: str, place: Table) -> dict[str, Any]:
    target = await context.target(instance)
    params = {"schema": place.schema, "table": place.table}
    database = place.database if place.family == "postgres" else None
    rows: list[Row] = await target.engine.rows(_STATE[place.family], params, database=database)
    return rows[0] if rows else {}
