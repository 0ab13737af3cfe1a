"""Where a table is that somebody named: for the tools that change one.  Not a tool."""

from __future__ import annotations

from typing import Final, NamedTuple

from dbmedic.agent.tool import Context
from dbmedic.checks.template import ident
from dbmedic.core.errors import BadField, NotFound

_FIND: Final = {
    "postgres": """
        select n.nspname as "schema", c.relname as "table", c.relkind::text as kind
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
          and c.relname = %(table)s and (%(schema)s::text is null or n.nspname = %(schema)s)
        order by 1 limit 3""",
    "mysql": """
        select table_schema as `schema`, table_name as `table`, 'r' as kind
        from information_schema.tables
        where table_type = 'BASE TABLE' and table_name = %(table)s
          and table_schema not in ('mysql', 'information_schema', 'performance_schema', 'sys')
          and (%(schema)s is null or table_schema = %(schema)s)
        order by 1 limit 3""",
}


class Table(NamedTuple):
    """One table of an instance."""

    engine: str
    family: str
    """"postgres" or "mysql"."""
    schema: str
    table: str
    database: str | None
    name: str
    """Quoted for a statement."""


async def found(context: Context, instance: str, table: str, database: str | None) -> Table:
    """The table that a name means.  Raises `NotFound("table")`, and `BadField` when several schemas have one."""
    target = await context.target(instance)
    facts = await target.engine.facts()
    family = {"mariadb": "mysql"}.get(facts.engine, facts.engine)
    if family not in _FIND:
        raise BadField("instance", f"{instance} is {facts.engine}: dbmedic changes PostgreSQL, MySQL and MariaDB")
    schema, _, name = table.rpartition(".")
    if family == "mysql":
        schema, database = schema or database or "", None
    params = {"schema": schema.strip('"`') or None, "table": name.strip('"`')}
    rows = await target.engine.rows(_FIND[family], params, database=database)
    if not rows:
        raise NotFound("table", table)
    if len(rows) > 1:
        raise BadField("table", f"several schemas have a table {name}: {', '.join(row['schema'] for row in rows)}")
    row = rows[0]
    quoted = f"{ident(row['schema'], family)}.{ident(row['table'], family)}"
    where = row["schema"] if family == "mysql" else database
    return Table(facts.engine, family, row["schema"], row["table"], where, quoted)
