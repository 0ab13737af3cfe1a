"""Ends a session of the watched database, or only what it runs; the person sees whose it is."""

from __future__ import annotations

from typing import Any

import anyio

from dbmedic.agent.tool import Context, tool
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.values import Proposal, Row
from dbmedic.kit.units import seconds_text
from dbmedic.tools.change import carried_out, done, observed, proposed

_POSTGRES = """
select pid, coalesce(usename, '') as who, coalesce(application_name, '') as app, coalesce(state, '') as state,
       left(query, 300) as query, extract(epoch from now() - xact_start)::float8 as open_s,
       to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as began,
       backend_type
from pg_stat_activity where pid = %(session)s"""
_MYSQL = """
select ID as pid, USER as who, HOST as app, COMMAND as state, left(INFO, 300) as query, TIME as open_s, '' as began,
       'client backend' as backend_type
from information_schema.PROCESSLIST where ID = %(session)s"""
_CALL = "select {call}(pid) from pg_stat_activity where pid = {session} and backend_start = '{began}+00'"
SEEN_S = 2.0
"""A server needs a moment to end a session."""


_RISKS = {
    True: "its statement fails with an error in the application; what its transaction did so far stays open",
    False: "its open transaction is rolled back, which may take as long as it ran; the connection is lost",
}


async def _session(context: Context, instance: str, session: int) -> tuple[str, Row]:
    target = await context.target(instance)
    engine = (await target.engine.facts()).engine
    if engine not in ("postgres", "mysql", "mariadb"):
        raise BadField("instance", f"{instance} is {engine}: dbmedic ends sessions of PostgreSQL, MySQL and MariaDB")
    rows = await target.engine.rows(_POSTGRES if engine == "postgres" else _MYSQL, {"session": session})
    if not rows:
        raise NotFound("session", str(session))
    return engine, rows[0]


async def _proposal(
    context: Context, instance: str, session: int, purpose: str, only_its_statement: bool = False
) -> Proposal:
    engine, row = await _session(context, instance, session)
    if row["backend_type"] != "client backend":
        raise BadField("session", f"session {session} is a {row['backend_type']} of the server, not a client's")
    if engine == "postgres":
        call = "pg_cancel_backend" if only_its_statement else "pg_terminate_backend"
        # The time it began: a number that was given to another session in the meantime is not hit.
        statement = _CALL.format(call=call, session=session, began=row["began"])
    else:
        statement = f"kill {'query' if only_its_statement else 'connection'} {session}"
    return await proposed(
        context,
        instance,
        statement,
        risk=_RISKS[only_its_statement],
        description=f"{purpose} ({_words(row)})",
        dangerous=not only_its_statement,
    )


@tool(proposes=_proposal)
async def end_session(
    context: Context, instance: str, session: int, purpose: str, only_its_statement: bool = False
) -> str:
    """End one client session, or only the statement it runs.  A person is asked first.

    instance: id of the instance.  session: its process id (PostgreSQL) or connection id (MySQL).
    purpose: why, in the asker's language, for the person who decides.
    only_its_statement: cancel what runs and keep the session.
    """
    _ = purpose
    outcome = await carried_out(context)
    effect = await _effect(context, instance, session, only_its_statement)
    return done(context, outcome, effect)


async def _effect(context: Context, instance: str, session: int, only_its_statement: bool) -> str:
    deadline = anyio.current_time() + SEEN_S
    while True:
        try:
            _, row = await _session(context, instance, session)
        except NotFound:
            row = {}
        gone = not row or (only_its_statement and row["state"] not in ("active", "Query"))
        if gone or anyio.current_time() >= deadline:
            break
        await anyio.sleep(0.1)
    values: dict[str, Any] = {"sessions": 1 if row else 0}
    await observed(context, "session", str(session), values, {"sessions": "count"}, "activity")
    if not row:
        return f"Session {session} is gone."
    return f"Session {session} is still there: {_words(row)}."


def _words(row: Row) -> str:
    since = "" if row["open_s"] is None else f", open for {seconds_text(float(row['open_s']))}"
    return f"session {row['pid']} of {row['who']} ({row['app']}), {row['state']}{since}: {row['query'] or ''}".strip()
