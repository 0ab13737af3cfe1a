"""Builds an index without stopping writers; the person sees the table, the size and the lock."""

from __future__ import annotations

from dbmedic.agent.tool import Context, tool
from dbmedic.checks.template import ident
from dbmedic.core.errors import BadField, LockBlocked, Timeout
from dbmedic.core.values import Proposal, Row
from dbmedic.kit.units import bytes_text, count_text
from dbmedic.tools.change import carried_out, done, observed, proposed
from dbmedic.tools.tables import Table, found

COLUMNS = 16
NAME_BYTES = 63
_SIZE = {
    "postgres": """
        select c.reltuples::bigint as rows, pg_relation_size(c.oid) as bytes
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = %(schema)s and c.relname = %(table)s""",
    "mysql": """
        select table_rows as `rows`, data_length as bytes
        from information_schema.tables where table_schema = %(schema)s and table_name = %(table)s""",
}
_COLUMNS = {
    "postgres": """
        select a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = %(schema)s and c.relname = %(table)s and a.attnum > 0 and not a.attisdropped""",
    "mysql": """
        select column_name as name from information_schema.columns
        where table_schema = %(schema)s and table_name = %(table)s""",
}
_INDEX = {
    "postgres": """
        select i.indisvalid as valid, pg_relation_size(i.indexrelid) as bytes
        from pg_index i join pg_class x on x.oid = i.indexrelid join pg_namespace n on n.oid = x.relnamespace
        where n.nspname = %(schema)s and x.relname = %(index)s""",
    "mysql": """
        select 1 as valid, null as bytes from information_schema.statistics
        where table_schema = %(schema)s and table_name = %(table)s and index_name = %(index)s limit 1""",
}


async def _proposal(
    context: Context,
    instance: str,
    table: str,
    columns: list[str],
    purpose: str,
    unique: bool = False,
    database: str | None = None,
) -> Proposal:
    place = await found(context, instance, table, database)
    await _known(context, instance, place, columns)
    name = index_name(place.table, columns)
    listed = ", ".join(ident(column, place.family) for column in columns)
    kind = "unique index" if unique else "index"
    if place.family == "postgres":
        statement = f"create {kind} concurrently {ident(name, 'postgres')} on {place.name} ({listed})"
        rollback = f"drop index concurrently {ident(place.schema, 'postgres')}.{ident(name, 'postgres')}"
        risk = "reads the whole table twice; blocks no reader or writer, but waits for every older transaction to end"
    else:
        quoted = ident(name, "mysql")
        statement = f"alter table {place.name} add {kind} {quoted} ({listed}), algorithm=inplace, lock=none"
        rollback = f"alter table {place.name} drop index {quoted}"
        risk = "reads the whole table; reads and writes go on, but for a moment's lock at its begin and end"
    size = (await _rows(context, instance, place, _SIZE, None))[0]
    about = f"{place.schema}.{place.table}: about {count_text(size['rows'])} rows, {bytes_text(size['bytes'])}"
    return await proposed(
        context, instance, statement, risk=risk, description=f"{purpose} ({about})", database=place.database,
        dangerous=unique, rollback=rollback,
    )  # fmt: skip


@tool(proposes=_proposal)
async def create_index(
    context: Context,
    instance: str,
    table: str,
    columns: list[str],
    purpose: str,
    unique: bool = False,
    database: str | None = None,
) -> str:
    """Build an index on one table while it is in use.  A person is asked first.

    instance: id of the instance.  table: schema.table.  columns: names of its columns, in the index's order.
    purpose: why, in the asker's language, for the person who decides.  unique: refuse double values.
    database: where the table is, when not the instance's own database.
    """
    _ = purpose, unique
    place = await found(context, instance, table, database)
    name = index_name(place.table, columns)
    try:
        outcome = await carried_out(context)
    except (LockBlocked, Timeout) as failure:
        if place.family == "postgres" and (left := await _rows(context, instance, place, _INDEX, name)):
            assert context.approved is not None
            return (
                f"Not built: {failure}.  PostgreSQL left an invalid index of {bytes_text(left[0]['bytes'])}; "
                f"it takes space and slows writes until it is dropped: {context.approved.rollback}"
            )
        raise
    rows = await _rows(context, instance, place, _INDEX, name)
    values = {"indexes": len(rows), "size": rows[0]["bytes"] if rows else None}
    await observed(
        context, "index", f"{place.schema}.{name}", values, {"indexes": "count", "size": "bytes"}, "catalogue"
    )
    if not rows:
        effect = f"The index {name} cannot be seen by the account that watches."
    elif rows[0]["valid"]:
        effect = f"The index {name} is there and valid" + _sized(rows[0])
    else:
        effect = f"The index {name} is there but not valid" + _sized(rows[0])
    return done(context, outcome, effect)


def _sized(row: Row) -> str:
    return "." if row["bytes"] is None else f", {bytes_text(row['bytes'])}."


def index_name(table: str, columns: list[str]) -> str:
    """As PostgreSQL would call it, within its length."""
    name = "_".join((table, *columns, "idx"))
    return (
        name if len(name.encode()) <= NAME_BYTES else name.encode()[: NAME_BYTES - 4].decode(errors="ignore") + "_idx"
    )


async def _known(context: Context, instance: str, place: Table, columns: list[str]) -> None:
    if not 1 <= len(columns) <= COLUMNS:
        raise BadField("columns", f"an index has 1 to {COLUMNS} columns, not {len(columns)}")
    known = [row["name"] for row in await _rows(context, instance, place, _COLUMNS, None)]
    missing = [column for column in columns if column not in known]
    if missing:
        raise BadField("columns", f"{place.table} has no column {', '.join(missing)}; it has {', '.join(known[:50])}")


async def _rows(context: Context, instance: str, place: Table, sql: dict[str, str], index: str | None) -> list[Row]:
    target = await context.target(instance)
    params = {"schema": place.schema, "table": place.table, "index": index}
    text = sql[place.family]
    used = {name: value for name, value in params.items() if f"%({name})s" in text}
    database = place.database if place.family == "postgres" else None
    rows: list[Row] = await target.engine.rows(text, used, database=database)
    return rows
