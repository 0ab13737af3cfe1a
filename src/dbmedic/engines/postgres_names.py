"""Whose a name is, in one database: the server's, an extension's, or a user's.

Our sessions see pg_catalog alone, so names of extensions get their extension's schema put before them.  Views and
foreign tables of users are not read: what stands behind them runs other people's functions with our rights.
"""

from __future__ import annotations

from dbmedic.core.errors import WriteRefused
from dbmedic.engines.postgres_session import PgSession
from dbmedic.kit import statements
from dbmedic.kit.statements import Reading, Relation
from dbmedic.kit.statements.reading import functions

MEMBERS = """/* dbmedic */
select n.nspname::text as schema, c.relname::text as name from pg_depend d
join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid join pg_namespace n on n.oid = c.relnamespace
where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
union
select n.nspname::text, p.proname::text from pg_depend d
join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid join pg_namespace n on n.oid = p.pronamespace
where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass"""

KINDS = """/* dbmedic */
with recursive part as (
    select c.oid, n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any($1) and c.relname = any($2)
  union select i.inhrelid, part.schema, part.name from part join pg_inherits i on i.inhparent = part.oid)
select part.schema::text, part.name::text, c.relkind::text as kind
from part join pg_class c on c.oid = part.oid where c.relkind in ('v', 'f')"""
"""Views and foreign tables among the named relations and their partitions."""

_OURS = (None, "pg_catalog", "information_schema")


class Names:
    """What one database's extensions own."""

    def __init__(self, read_at: float) -> None:
        self.read_at = read_at
        self._members: dict[str, set[str]] | None = None
        """Name -> schemas in which it belongs to an extension."""

    async def read(self, session: PgSession, reading: Reading) -> None:
        """Looks the members up, when the statement has a name that may be one."""
        extension = functions("postgres")["extension"]
        names = [*reading.relations, *reading.functions]
        if self._members is None and any(one.schema not in _OURS or one.name in extension for one in names):
            rows = await session.rows(MEMBERS, [], _OWN, timeout_s=5.0, max_rows=20_000)
            self._members = {}
            for row in rows:
                self._members.setdefault(row["name"], set()).add(row["schema"])

    async def placed(self, session: PgSession, text: str, reading: Reading) -> str:
        """The statement with extension names placed.  Raises `WriteRefused` for a view or function of a user."""
        members = self._members or {}
        extension = functions("postgres")["extension"]
        strangers = [
            one for one in reading.relations if one.schema not in _OURS and one.schema not in members.get(one.name, ())
        ]
        for one in reading.functions:
            mine = one.schema in (None, "pg_catalog") or one.schema in members.get(one.name, ())
            if one.name in extension and not mine:
                raise WriteRefused(text, f"function {one.schema}.{one.name} is a user's and may do anything")
        if strangers:
            await self._refuse_views(session, text, strangers)
        places = [
            (one.start, min(members[one.name]))
            for one in (*reading.relations, *reading.functions)
            if one.schema is None and one.name in extension and one.name in members
        ]
        raw = text.encode()
        for start, schema in sorted(places, reverse=True):
            raw = raw[:start] + b'"' + schema.replace('"', '""').encode() + b'".' + raw[start:]
        return raw.decode()

    async def _refuse_views(self, session: PgSession, text: str, strangers: list[Relation]) -> None:
        wanted = [[one.schema for one in strangers], [one.name for one in strangers]]
        found = await session.rows(KINDS, wanted, _OWN, timeout_s=5.0, max_rows=1000)
        for row in found:
            if any(one.schema == row["schema"] and one.name == row["name"] for one in strangers):
                what = "view" if row["kind"] == "v" else "foreign table"
                raise WriteRefused(
                    text, f"{row['schema']}.{row['name']} is a user's {what}: it runs others' functions with our rights"
                )


_OWN = statements.reading("select 1", "postgres")
