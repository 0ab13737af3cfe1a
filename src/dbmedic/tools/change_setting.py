"""Changes one setting of a server; the value before is the way back."""

from __future__ import annotations

import re

from dbmedic.agent.tool import Context, tool
from dbmedic.core.errors import BadField
from dbmedic.core.values import Proposal, Row
from dbmedic.tools.change import carried_out, done, observed, proposed

_NAME = re.compile(r"[a-z_][a-z0-9_.]{0,62}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_POSTGRES = """
select setting as value, coalesce(unit, '') as unit, context, pending_restart from pg_settings where name = %(name)s"""
_MYSQL = "show global variables like %(name)s"
_PROTECTED = re.compile(
    r"password|secret|_file$|_directory$|_command$|library|libraries|^(init_|hba|ident|ssl|tls|plugin)"
)
"""Where a value is a secret, a path or a program: not by this tool."""


async def _proposal(context: Context, instance: str, name: str, value: str, purpose: str) -> Proposal:
    name = name.lower()
    if not _NAME.fullmatch(name):
        raise BadField("name", f"{name!r} is not the name of a setting")
    if _PROTECTED.search(name):
        raise BadField("name", f"{name} holds a secret, a path or a program; change it on the server itself")
    engine, row = await _setting(context, instance, name)
    if engine == "postgres":
        if row["context"] in ("internal", "postmaster"):
            raise BadField(
                "name", f"{name} needs a restart of the server; plan one, and change it in its configuration"
            )
        text = "'" + value.replace("'", "''") + "'"
        statement, rollback = f"alter system set {name} = {text}", f"alter system reset {name}"
        risk = "for the whole server, from the next reload on: select pg_reload_conf()"
    else:
        statement = f"set global {name} = {_written(value)}"
        rollback = f"set global {name} = {_written(str(row['value']))}"
        risk = "for the whole server and every new session, at once; lost at the next restart"
    description = f"{purpose} (now {row['value']}{row.get('unit') or ''})"
    return await proposed(context, instance, statement, risk=risk, description=description, rollback=rollback)


@tool(proposes=_proposal)
async def change_setting(context: Context, instance: str, name: str, value: str, purpose: str) -> str:
    """Change one setting of the whole server that needs no restart.  A person is asked first.

    instance: id of the instance.  name: of the setting.  value: the new one, with its unit as the server writes it.
    purpose: why, in the asker's language, for the person who decides.
    On PostgreSQL it counts from the next reload on: run "select pg_reload_conf()" with the tool change.
    """
    _ = value, purpose
    outcome = await carried_out(context)
    engine, row = await _setting(context, instance, name.lower())
    await observed(context, "setting", name.lower(), {"value": str(row["value"])}, {"value": "text"}, "settings")
    later = "; it counts from the next reload on" if engine == "postgres" else ""
    return done(context, outcome, f"{name.lower()} is {row['value']}{row.get('unit') or ''} now{later}.")


async def _setting(context: Context, instance: str, name: str) -> tuple[str, Row]:
    target = await context.target(instance)
    engine = (await target.engine.facts()).engine
    if engine == "postgres":
        rows = await target.engine.rows(_POSTGRES, {"name": name})
    elif engine in ("mysql", "mariadb"):
        found = await target.engine.rows(_MYSQL, {"name": name.replace("_", "\\_")})
        rows = [{"value": row["Value"]} for row in found]
    else:
        raise BadField("instance", f"{instance} is {engine}: dbmedic changes PostgreSQL, MySQL and MariaDB")
    if not rows:
        raise BadField("name", f"{instance} has no setting {name}")
    return engine, rows[0]


def _written(value: str) -> str:
    """A value as MySQL reads it: a number, a word like ON, or a text."""
    if _NUMBER.fullmatch(value) or re.fullmatch(r"(?i)on|off|true|false|default", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
