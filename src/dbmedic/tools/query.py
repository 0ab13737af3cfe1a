"""Reads catalogues and statistics with a statement of the model's own; rows of user tables only where allowed."""

from __future__ import annotations

import msgspec

from dbmedic.agent.tool import Context, tool
from dbmedic.core.errors import WriteRefused
from dbmedic.core.ports import Target
from dbmedic.core.values import Row
from dbmedic.kit.statements import Relation, reading
from dbmedic.kit.statements.sources import sources

ROWS = 100
CHARS = 12_000
CATALOGUES = {
    "postgres": {"pg_catalog", "information_schema"},
    "mysql": {"information_schema", "performance_schema", "sys"},
    "mariadb": {"information_schema", "performance_schema", "sys"},
    "sqlite": {"sqlite_schema", "sqlite_master", "sqlite_stat1", "dbstat"},
    "redis": set(),
}
"""Schemas (on SQLite: tables) that hold no row of a user."""


@tool
async def query(context: Context, instance: str, sql: str, database: str | None = None) -> str:
    """Run one read-only SELECT or SHOW on catalogue and statistics views and return its rows as JSON lines.

    instance: id of the instance.  sql: one statement over pg_catalog, information_schema, performance_schema or sys;
    on Redis in SQLite's dialect over info, config, keyspace, commandstats, errorstats, latencystats, slowlog, clients.
    database: another database of the instance.  Tables of users are refused: their rows are nobody's business here.
    """
    target = await context.target(instance)
    engine = (await target.engine.facts()).engine
    read = reading(sql, engine)
    if read.refusal is not None:
        raise WriteRefused(sql, read.refusal)
    if target.instance.rows != "allow" and engine != "redis":  # whose tables hold no value of a key
        relations = read.relations if engine == "postgres" else sources(sql, engine)
        if relations is None:
            raise WriteRefused(sql, "it is not certain which tables it reads; write it with plain FROM and JOIN")
        await _only_catalogues(sql, relations, target, engine, database)
    rows = await target.engine.rows(sql, timeout_s=5, max_rows=ROWS + 1, database=database)
    return _shown(rows)


async def _only_catalogues(
    sql: str, relations: tuple[Relation, ...], target: Target, engine: str, database: str | None
) -> None:
    """Raises `WriteRefused` for a table outside the catalogues."""
    allowed = CATALOGUES[engine]
    for relation in relations:
        name = relation.name.lower()
        if engine == "sqlite":
            catalogue = name in allowed or name.startswith("pragma_")
        elif relation.schema is not None:
            catalogue = relation.schema.lower() in allowed
        else:
            catalogue = engine == "postgres" and await _in_pg_catalog(name, target, database)
        if not catalogue:
            shown = f"{relation.schema}.{relation.name}" if relation.schema else relation.name
            why = (
                f"{shown} is not a catalogue or statistics view; rows of user tables are read only on an instance "
                "registered with --rows allow"
            )
            raise WriteRefused(sql, why)


async def _in_pg_catalog(name: str, target: Target, database: str | None) -> bool:
    """Whether a bare name means a system view here: sessions of ours search pg_catalog and nothing else."""
    found = await target.engine.rows(
        """select 1 as found from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relname = %(name)s and n.nspname in ('pg_catalog', 'information_schema')
           union all
           select 1 from pg_class c join pg_depend d on d.objid = c.oid and d.deptype = 'e'
           join pg_extension e on e.oid = d.refobjid
           where c.relname = %(name)s and e.extname in ('pg_stat_statements', 'pg_buffercache')""",
        {"name": name},
        database=database,
    )
    return bool(found)


def _shown(rows: list[Row]) -> str:
    lines: list[str] = []
    size = 0
    for row in rows[:ROWS]:
        line = msgspec.json.encode(row).decode()
        size += len(line)
        if size > CHARS:
            break
        lines.append(line)
    if len(lines) < len(rows):
        lines.append(f"… cut after {len(lines)} rows; ask for less")
    return "\n".join(lines) or "No rows."
