"""The one writer: proposes a statement, and runs exactly what was granted, once, on exactly that instance.

Every tool that changes something proposes with `proposed` and ends in `carried_out`.  Nothing else in dbmedic opens a
write account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import anyio

from dbmedic.agent.approval import bound
from dbmedic.agent.tool import Context, tool
from dbmedic.core.errors import BadField, Bug, Forbidden, LockBlocked, WriteRefused
from dbmedic.core.events import Measured
from dbmedic.core.ports import Writer
from dbmedic.core.values import Measure, Outcome, Proposal, Unit
from dbmedic.kit.statements import reading

LOCK_S: Final = 3.0
"""A change waits this long for a lock; whoever queues behind it waits no longer either."""
LONG_LOCK_S: Final = 60.0
"""For statements whose wait blocks no reader or writer."""
TIMEOUT_S: Final = 3600.0
TRIES: Final = 3
"""Of a statement that did not get its lock, and so changed nothing."""

_KINDS: Final = (
    ("create_index", r"create\s+(unique\s+)?index\b|alter\s+table\s+\S+\s+add\s+(unique\s+)?(index|key)\b"),
    ("drop_index", r"drop\s+index\b|alter\s+table\s+\S+\s+drop\s+(index|key)\b"),
    ("analyze", r"analy[sz]e\b"),
    ("vacuum", r"vacuum\b"),
    ("optimize", r"optimize\b|reindex\b"),
    ("cancel_session", r"kill\s+query\b|select\s+(pg_catalog\.)?pg_cancel_backend\b"),
    ("end_session", r"kill\b|select\s+(pg_catalog\.)?pg_terminate_backend\b"),
    ("setting", r"set\s+(global|persist)\b|alter\s+system\b|select\s+(pg_catalog\.)?pg_reload_conf\b"),
)
_RISKS: Final = {
    "create_index": "reads the whole table; without CONCURRENTLY or LOCK=NONE writes wait meanwhile",
    "drop_index": "a moment's lock on the table; statements that used the index read more from then on",
    "analyze": "reads a sample of the table; blocks no reader or writer",
    "vacuum": "reads and writes the table's pages; VACUUM FULL blocks everybody until it is done",
    "optimize": "builds the table or index anew: needs its size in free space, and may block writes",
    "cancel_session": "the statement fails with an error in the application",
    "end_session": "the session's open transaction is rolled back; the application loses its connection",
    "setting": "counts for the whole server and everybody on it",
}
_UNKNOWN: Final = "unknown: dbmedic did not write this statement; read it before you grant it"
_HARMLESS: Final = frozenset({"analyze", "vacuum", "create_index"})
_WAITS_QUIETLY: Final = re.compile(r"\bconcurrently\b|^\s*(vacuum(?!\s*(\(.*full|full))|analy[sz]e)\b", re.IGNORECASE)


def kind_of(statement: str) -> str:
    """The class of a statement that a rule may name."""
    text = re.sub(r"^(\s|/\*.*?\*/|--[^\n]*\n)+", "", statement, flags=re.DOTALL)
    return next((kind for kind, begins in _KINDS if re.match(begins, text, re.IGNORECASE)), "statement")


def risk_of(statement: str) -> str:
    """What statements of its class do to others, in words."""
    return _RISKS.get(kind_of(statement), _UNKNOWN)


async def _proposal(
    context: Context,
    instance: str,
    statement: str,
    purpose: str,
    database: str | None = None,
    rollback: str | None = None,
) -> Proposal:
    return await proposed(
        context,
        instance,
        statement,
        risk=risk_of(statement),
        description=purpose,
        database=database,
        rollback=rollback,
    )


@tool(proposes=_proposal)
async def change(
    context: Context,
    instance: str,
    statement: str,
    purpose: str,
    database: str | None = None,
    rollback: str | None = None,
) -> str:
    """Run one statement that changes something.  A person is asked first; it runs only when exactly it is granted.

    instance: id of the instance.  statement: one complete SQL statement.  purpose: what it is for, in the asker's
    language, for the person who decides.  database: where it runs, when not the instance's own database.
    rollback: the statement that undoes it, to be shown; it is not run.
    Use the tool made for it where there is one (create_index, drop_index, end_session, maintain, change_setting).
    """
    _ = instance, statement, purpose, database, rollback  # what is run is what was granted, not what is asked here
    outcome = await carried_out(context)
    return done(context, outcome)


async def proposed(
    context: Context,
    instance: str,
    statement: str,
    *,
    risk: str,
    description: str,
    database: str | None = None,
    dangerous: bool | None = None,
    rollback: str | None = None,
) -> Proposal:
    """A proposal, bound to where and as whom it will run.

    Raises `UnknownInstance`, `Forbidden` for an instance without a write account, `BadField` for a text that is not
    one statement.
    """
    target = await context.target(instance)
    url = target.instance.write_url
    if not url:
        raise Forbidden(
            f"instance {instance} has no write account, so nothing can be changed there; "
            f"`dbmedic instance update {instance} --write-url URL` registers one.  The statement: {statement}"
        )
    engine = (await target.engine.facts()).engine
    text = statement.strip().removesuffix(";").strip()
    read = reading(text, engine)
    if read.kind == "unknown":
        raise BadField("statement", f"not one complete statement that dbmedic can read: {read.refusal}")
    kind = kind_of(text)
    parts = urlsplit(url)
    return Proposal(
        instance=instance,
        statement=text,
        kind=kind,
        risk=risk,
        description=description,
        database=database or unquote(parts.path.lstrip("/")),
        role=unquote(parts.username or ""),
        dangerous=kind not in _HARMLESS if dangerous is None else dangerous,
        rollback=rollback,
    )


async def carried_out(context: Context) -> Outcome:
    """Runs what was granted for this call.

    Raises `WriteRefused` when it is not what was granted, too late, or another place or account than was shown;
    and as `Writer.execute`.
    """
    granted = context.approved
    if granted is None:
        raise Bug("a change was to run without a grant")
    if bound(granted.statement, granted.instance, granted.database, granted.role, granted.kind) != granted.digest:
        raise WriteRefused(granted.statement, "this is not what was granted; nothing was changed")
    if context.now() >= granted.until:
        raise WriteRefused(granted.statement, f"the grant ended at {granted.until:%H:%M} UTC; nothing was changed")
    writer = await context.writer(granted.instance, granted.database)
    try:
        database, role = await writer.facts()
        if granted.database and database != granted.database:
            raise WriteRefused(granted.statement, f"granted for {granted.database}, the server is in {database}")
        if granted.role and role.partition("@")[0] != granted.role:
            raise WriteRefused(granted.statement, f"granted for {granted.role}, the server says {role}")
        return await _executed(writer, granted.statement)
    finally:
        with anyio.CancelScope(shield=True):
            await writer.close()


async def _executed(writer: Writer, statement: str) -> Outcome:
    """A statement that did not get its lock changed nothing, and is tried again a little later.

    But for one: an index that was begun concurrently leaves its remains when it gives up.
    """
    quiet = _WAITS_QUIETLY.search(statement) is not None
    lock_s = LONG_LOCK_S if quiet else LOCK_S
    for attempt in range(1, TRIES + 1):
        try:
            return await writer.execute(statement, lock_timeout_s=lock_s, timeout_s=TIMEOUT_S)
        except LockBlocked:
            if attempt == TRIES or quiet:
                raise
            await anyio.sleep(attempt)
    raise AssertionError("unreachable")


async def observed(
    context: Context, what: str, object_: str, values: Mapping[str, Any], units: Mapping[str, Unit], source: str
) -> None:
    """Says a measured effect into the log of the turn."""
    assert context.approved is not None
    measure = Measure(
        id=context.new_measure(),
        what=what,
        instance=context.approved.instance,
        object=object_,
        values=dict(values),
        units=dict(units),
        source=source,
        at=context.now(),
    )
    await context.say(Measured(call=context.call, measure=measure))


def done(context: Context, outcome: Outcome, effect: str = "") -> str:
    """What happened, for the model and the reader: the statement, its effect, the way back."""
    granted = context.approved
    assert granted is not None
    lines = [f"Done on {granted.instance} in {outcome.took_s:.2f} s: {granted.statement}"]
    if outcome.rows is not None:
        lines.append(f"Rows: {outcome.rows}.")
    lines += [f"The server says: {notice}" for notice in outcome.notices]
    if effect:
        lines.append(effect)
    lines.append(f"The way back: {granted.rollback}" if granted.rollback else "There is no statement that undoes it.")
    return "\n".join(lines)
