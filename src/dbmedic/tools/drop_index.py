"""Drops an index without stopping writers; what a constraint needs is left alone, and the way back is written down."""

from __future__ import annotations

from dbmedic.agent.tool import Context, tool
from dbmedic.checks.template import ident
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.values import Proposal, Row
from dbmedic.kit.units import bytes_text, count_text
from dbmedic.tools.change import carried_out, done, observed, proposed
from dbmedic.tools.tables import Table, found

_INDEX = {
    "postgres": """
        select pg_get_indexdef(i.indexrelid) as definition, pg_relation_size(i.indexrelid) as bytes,
               s.idx_scan as scans,
               i.indisprimary or i.indisreplident
               or exists (select 1 from pg_constraint c where c.conindid = i.indexrelid) as needed
        from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
        join pg_namespace n on n.oid = t.relnamespace
        left join pg_stat_all_indexes s on s.indexrelid = i.indexrelid
        where n.nspname = %(schema)s and t.relname = %(table)s and x.relname = %(index)s""",
    "mysql": """
        select concat(if(min(non_unique) = 0, 'unique ', ''), 'index `', index_name, '` (',
                      group_concat(concat('`', column_name, '`', if(sub_part is null, '', concat('(', sub_part, ')')))
                                   order by seq_in_index separator ', '), ')') as definition,
               null as bytes, null as scans, index_name = 'PRIMARY' or min(non_unique) = 0 as needed
        from information_schema.statistics
        where table_schema = %(schema)s and table_name = %(table)s and index_name = %(index)s
        group by index_name""",
}


async def _proposal(
    context: Context, instance: str, table: str, index: str, purpose: str, database: str | None = None
) -> Proposal:
    place = await found(context, instance, table, database)
    row = await _index(context, instance, place, index)
    if row is None:
        raise NotFound("index", index)
    if row["needed"]:
        raise BadField("index", f"{index} keeps a constraint (primary, unique or foreign key); it is not dropped here")
    if place.family == "postgres":
        statement = f"drop index concurrently {ident(place.schema, 'postgres')}.{ident(index, 'postgres')}"
        rollback = row["definition"].replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
        risk = "blocks no reader or writer, but waits for every transaction that uses the table to end"
    else:
        statement = f"alter table {place.name} drop index {ident(index, 'mysql')}, algorithm=inplace, lock=none"
        rollback = f"alter table {place.name} add {row['definition']}, algorithm=inplace, lock=none"
        risk = "a moment's lock on the table; statements that used the index read more from then on"
    return await proposed(
        context, instance, statement, risk=risk, description=f"{purpose} ({_words(index, row)})",
        database=place.database, dangerous=True, rollback=rollback,
    )  # fmt: skip


@tool(proposes=_proposal)
async def drop_index(
    context: Context, instance: str, table: str, index: str, purpose: str, database: str | None = None
) -> str:
    """Drop one index that keeps no constraint.  A person is asked first; the way back is written down.

    instance: id of the instance.  table: schema.table.  index: its name.  purpose: why, in the asker's language,
    for the person who decides.  database: where the table is, when not the instance's own database.
    """
    _ = purpose
    place = await found(context, instance, table, database)
    outcome = await carried_out(context)
    left = await _index(context, instance, place, index)
    values = {"indexes": 0 if left is None else 1}
    await observed(context, "index", f"{place.schema}.{index}", values, {"indexes": "count"}, "catalogue")
    return done(
        context, outcome, f"The index {index} is gone." if left is None else f"The index {index} is still there."
    )


async def _index(context: Context, instance: str, place: Table, index: str) -> Row | None:
    target = await context.target(instance)
    params = {"schema": place.schema, "table": place.table, "index": index}
    database = place.database if place.family == "postgres" else None
    rows: list[Row] = await target.engine.rows(_INDEX[place.family], params, database=database)
    return rows[0] if rows else None


def _words(index: str, row: Row) -> str:
    size = "" if row["bytes"] is None else f", {bytes_text(row['bytes'])}"
    scans = "" if row["scans"] is None else f", used {count_text(row['scans'])} times since the counters began"
    return f"{index}{size}{scans}"
