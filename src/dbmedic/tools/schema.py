"""What a table looks like: columns, indexes, size; never a row of it."""

from __future__ import annotations

from dbmedic.agent.tool import Context, tool
from dbmedic.core.ports import Engine
from dbmedic.core.values import Row
from dbmedic.kit.units import bytes_text, count_text

POSTGRES = {
    "tables": """
        select n.nspname as "schema", c.relname as "table", c.reltuples::bigint as rows,
               c.relpages::bigint * current_setting('block_size')::bigint as bytes
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
          and (%(name)s::text is null or lower(c.relname) = lower(%(name)s)
               or lower(n.nspname || '.' || c.relname) = lower(%(name)s))
        order by c.relpages desc limit 50""",
    "columns": """
        select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = %(schema)s and c.relname = %(table)s and a.attnum > 0 and not a.attisdropped
        order by a.attnum limit 300""",
    "indexes": """
        select x.relname as name, pg_get_indexdef(i.indexrelid) as definition, i.indisvalid as valid
        from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = %(schema)s and c.relname = %(table)s order by x.relname limit 100""",
}
MYSQL = {
    "tables": """
        select table_schema as `schema`, table_name as `table`, table_rows as `rows`,
               data_length + index_length as bytes
        from information_schema.tables
        where table_type = 'BASE TABLE'
          and table_schema not in ('mysql', 'information_schema', 'performance_schema', 'sys')
          and (%(name)s is null or lower(table_name) = lower(%(name)s)
               or lower(concat(table_schema, '.', table_name)) = lower(%(name)s))
        order by data_length + index_length desc limit 50""",
    "columns": """
        select column_name as name, column_type as type, is_nullable = 'NO' as required
        from information_schema.columns where table_schema = %(schema)s and table_name = %(table)s
        order by ordinal_position limit 300""",
    "indexes": """
        select index_name as name, 1 as valid,
               concat(if(min(non_unique) = 0, 'unique ', ''),
                      group_concat(column_name order by seq_in_index separator ', ')) as definition
        from information_schema.statistics where table_schema = %(schema)s and table_name = %(table)s
        group by index_name order by index_name limit 100""",
}
SQLITE = {
    "tables": """
        select 'main' as "schema", name as "table", null as rows, null as bytes from sqlite_schema
        where type = 'table' and name not like 'sqlite_%%' and (%(name)s is null or lower(name) = lower(%(name)s))
        order by name limit 50""",
    "columns": """
        select name, type, "notnull" as required from pragma_table_info(%(table)s) limit 300""",
    "indexes": """
        select i.name, 1 as valid,
               (select group_concat(c.name, ', ') from pragma_index_info(i.name) c) as definition
        from pragma_index_list(%(table)s) i limit 100""",
}
REDIS = {
    "tables": """
        select 'keys' as "schema", "key" as "table", elements as rows, bytes
        from scanned_keys where %(name)s is null or "key" = %(name)s order by bytes desc limit 50""",
    "columns": """select type as name, 'value' as type, 1 as required from scanned_keys where "key" = %(table)s""",
    "indexes": "select null as name, null as definition, null as valid where 0",
}
QUERIES = {"redis": REDIS, "postgres": POSTGRES, "mysql": MYSQL, "mariadb": MYSQL, "sqlite": SQLITE}


@tool
async def schema(context: Context, instance: str, table: str | None = None, database: str | None = None) -> str:
    """Describe one table (columns, indexes, size), or list the largest tables when no table is named.

    instance: id of the instance.  table: "name" or "schema.name".  database: where the table lives, when it is not
    the instance's own database.  Sizes and row counts are the server's own estimates.
    """
    engine = (await context.target(instance)).engine
    queries = QUERIES[(await engine.facts()).engine]
    tables = await engine.rows(queries["tables"], {"name": table}, database=database)
    if not tables:
        return f"No table {table!r} that this account may see." if table else "No tables that this account may see."
    if table is None:
        return "\n".join(_title(row) for row in tables)
    return "\n\n".join([await _described(engine, queries, row, database) for row in tables[:3]])


async def _described(engine: Engine, queries: dict[str, str], row: Row, database: str | None) -> str:
    place = {"schema": row["schema"], "table": row["table"]}
    columns = await engine.rows(queries["columns"], place, database=database)
    indexes = await engine.rows(queries["indexes"], place, database=database)
    lines = [_title(row)]
    lines += [f"  {one['name']} {one['type']}{' not null' if one['required'] else ''}" for one in columns]
    lines += [
        f"  index {one['name']}: {one['definition']}{'' if one['valid'] else ' (invalid)'}" for one in indexes
    ] or ["  no index"]
    return "\n".join(lines)


def _title(row: Row) -> str:
    known = [
        f"about {count_text(row['rows'])} rows" if row["rows"] is not None and row["rows"] >= 0 else "",
        bytes_text(row["bytes"]) if row["bytes"] is not None else "",
    ]
    return " ".join([f"{row['schema']}.{row['table']}", ", ".join(part for part in known if part)]).strip()
