"""Of which kind the password of each role of PostgreSQL is kept; asked as superuser, or through the owner's helper."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.checks.template import ident
from dbmedic.core.errors import Denied, StatementFailed, Unmeasured
from dbmedic.core.values import Row

HELPER = "dbmedic.password_kinds()"


async def rows(context: Context) -> list[Row]:
    """account and kind of each role that may sign in.  Raises `Unmeasured("permission", …)` with the GRANT."""
    if context.facts.superuser:
        return await context.rows(context.query("own"))
    try:
        return await context.rows(context.query("helper"))
    except (Denied, StatementFailed):
        role = ident(context.facts.role, "postgres")
        raise Unmeasured(
            "permission",
            f"{role} may not see how passwords are kept",
            f"GRANT EXECUTE ON FUNCTION {HELPER} TO {role}  -- a function of the owner: role and kind, never the hash",
        ) from None
