"""Indexes that PostgreSQL only imagines while it plans, by the extension hypopg.

They live in the memory of our own session: no object is made, no lock taken, no other session sees them.  They are
forgotten before the session serves anybody else.
"""

from __future__ import annotations

from collections.abc import Sequence

from dbmedic.core.errors import Unmeasured
from dbmedic.engines.postgres_session import PgSession
from dbmedic.kit.statements import Reading

PLACE = """/* dbmedic */
select quote_ident(n.nspname) as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
where e.extname = 'hypopg'"""
_READ = Reading("read", None)


async def imagined(session: PgSession, indexes: Sequence[str]) -> tuple[list[str], str]:
    """The statements that imagine the indexes, and the one that forgets them.  Raises `Unmeasured` without hypopg."""
    found = await session.rows(PLACE, [], _READ, timeout_s=2.0, max_rows=1)
    if not found:
        raise Unmeasured(
            "extension_missing",
            f"without the extension hypopg {session.database} cannot plan with an index that is not there",
            "CREATE EXTENSION hypopg",
        )
    schema = found[0]["schema"]
    forget = f"select {schema}.hypopg_reset()"
    make = [f"select {schema}.hypopg_create_index({_literal(index)})" for index in indexes]
    return [forget, *make], forget


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
