"""Statements and sessions that a time limit ended, by the limit."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import HOUR, grouped, said, usual
from dbmedic.core.values import Row
from dbmedic.kit.serverlog.entry import Entry

LIMITS = {"55P03": "lock_timeout", "25P03": "idle_in_transaction_session_timeout", "57P05": "idle_session_timeout"}


async def rows(context: Context) -> list[Row]:
    """A row per limit, with the statement it met most."""
    found = await said(context, HOUR)
    made = []
    for name, entries in grouped(found.those(lambda one: limit(one) is not None), limit).items():
        made.append(
            found.row(entries)
            | {
                "limit_name": name,
                "query": usual(one.statement for one in entries),
                "user": usual(one.user for one in entries),
            }
        )
    return made


def limit(one: Entry) -> str | None:
    """The setting that ended a statement or a session; None for any other entry, such as a person's cancel."""
    if one.code == "57014":
        return "statement_timeout" if "statement timeout" in one.message or "语句超时" in one.message else None
    return LIMITS.get(one.code)
