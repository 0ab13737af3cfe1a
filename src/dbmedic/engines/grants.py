"""What an account needs, as statements that somebody with the right to do so can run; pure text.

Two documented accounts per family: *observe* sees statistics, sessions and metadata but no row of a user table;
*explain* may ask for the plan of the application's statements, too, which takes the right to read their tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from dbmedic.core.values import EngineFacts
from dbmedic.kit.statements import Reading

Account: TypeAlias = Literal["observe", "explain"]


class Gap(NamedTuple):
    """Something the account cannot see, and the statement that would let it."""

    what: str
    grant: str


def template(family: str, account: Account, role: str = "dbmedic", password: str = "…") -> list[str]:  # noqa: S107
    """Statements that create the account; none for SQLite, whose files are opened read-only by anybody who may."""
    if family == "postgres":
        return _postgres_template(account, role, password)
    if family in ("mysql", "mariadb"):
        return _mysql_template(family, account, role, password)
    if family == "redis":
        return [f"ACL SETUSER {role} on >{password} ~* -@all {' '.join(REDIS_RULES)}"]
    return []


REDIS_RULES = (
    "+ping", "+info", "+time", "+dbsize", "+config|get", "+slowlog|get", "+slowlog|len", "+latency|latest",
    "+latency|history", "+client|list", "+client|setname", "+acl|whoami", "+acl|list", "+cluster|info", "+role",
    "+select", "+scan", "+type", "+ttl", "+memory|usage", "+strlen", "+llen", "+hlen", "+scard", "+zcard", "+xlen",
)  # fmt: skip
"""What an account of Redis may call: nothing that writes, and nothing that returns the value of a key."""


def _postgres_template(account: Account, role: str, password: str) -> list[str]:
    name = ident(role)
    found = [
        f"CREATE ROLE {name} LOGIN PASSWORD {literal(password)} CONNECTION LIMIT 5 IN ROLE pg_monitor",
        f"ALTER ROLE {name} SET default_transaction_read_only = on",
        f"ALTER ROLE {name} SET statement_timeout = '15s'",
        f"ALTER ROLE {name} SET lock_timeout = '200ms'",
        f"ALTER ROLE {name} SET idle_in_transaction_session_timeout = '10s'",
    ]
    if account == "explain":
        found.append(f"GRANT pg_read_all_data TO {name}  -- 13: GRANT SELECT ON ALL TABLES IN SCHEMA … TO {name}")
    return found


def _mysql_template(family: str, account: Account, role: str, password: str) -> list[str]:
    name = f"{literal(role)}@'%'"
    globally = "BINLOG MONITOR, SLAVE MONITOR" if family == "mariadb" else "REPLICATION CLIENT"
    accounts = "mysql.global_priv" if family == "mariadb" else "mysql.user"
    reads = "SELECT, " if account == "explain" else ""
    return [
        f"CREATE USER {name} IDENTIFIED BY {literal(password)} WITH MAX_USER_CONNECTIONS 5",
        f"GRANT {reads}PROCESS, REFERENCES, {globally} ON *.* TO {name}",
        f"GRANT SELECT ON performance_schema.* TO {name}",
        f"GRANT SELECT, EXECUTE ON sys.* TO {name}",
        f"GRANT SELECT ON {accounts} TO {name}",
    ]


def missing(facts: EngineFacts) -> list[Gap]:
    """What this account cannot see of this server, each with the one statement that closes the gap."""
    if facts.superuser:
        return _features(facts)
    if facts.engine == "redis":
        rules = ((what, rule) for rule, what in _REDIS_NEEDS.items() if rule not in facts.privileges)
        return [Gap(what, f"ACL SETUSER {facts.role} +{rule}") for what, rule in rules]
    name = ident(facts.role) if facts.engine == "postgres" else facts.role
    return [
        Gap(what, grant.format(role=name))
        for any_of, what, grant in _NEEDS.get(facts.engine, ())
        if not facts.privileges.intersection(any_of)
    ] + _features(facts)


def _features(facts: EngineFacts) -> list[Gap]:
    """What is switched off for everybody."""
    if facts.engine == "postgres" and "pg_stat_statements" not in facts.extensions:
        preload = (
            "" if "pg_stat_statements.max" in facts.settings else " (first shared_preload_libraries, and a restart)"
        )
        return [Gap(f"statement statistics in {facts.database}", f"CREATE EXTENSION pg_stat_statements{preload}")]
    if facts.engine in ("mysql", "mariadb") and facts.settings.get("performance_schema", "ON") == "OFF":
        return [Gap("statement statistics", "performance_schema = ON in the server's configuration, and a restart")]
    return []


_REDIS_NEEDS = {
    "config|get": "settings", "slowlog|get": "slow commands", "latency|latest": "spikes of latency",
    "client|list": "clients", "acl|list": "users without a password", "scan": "big keys", "type": "types of keys",
    "memory|usage": "sizes of keys",
}  # fmt: skip
"""Command -> what is not seen without it."""

_NEEDS: dict[str, Sequence[tuple[tuple[str, ...], str, str]]] = {
    "postgres": (
        (("pg_monitor", "pg_read_all_stats"), "sessions and statements of other roles", "GRANT pg_monitor TO {role}"),
        (("pg_monitor", "pg_read_all_settings"), "settings that hold paths", "GRANT pg_monitor TO {role}"),
        (("pg_monitor",), "sizes of WAL, log and temporary files", "GRANT pg_monitor TO {role}"),
        (
            ("pg_read_all_data",),
            "plans of the application's statements, column statistics, sequence positions",
            "GRANT pg_read_all_data TO {role}  -- opens rows of user tables, too; 14 and later",
        ),
    ),
    "mysql": (
        (
            ("PROCESS",),
            "sessions of other accounts, InnoDB's transactions and counters",
            "GRANT PROCESS ON *.* TO {role}",
        ),
        (("REFERENCES", "SELECT"), "columns and indexes of all tables", "GRANT REFERENCES ON *.* TO {role}"),
        (("performance_schema",), "statement statistics", "GRANT SELECT ON performance_schema.* TO {role}"),
        (("REPLICATION CLIENT",), "binary logs and replication", "GRANT REPLICATION CLIENT ON *.* TO {role}"),
        (("mysql.user",), "which accounts are unsafe", "GRANT SELECT ON mysql.user TO {role}"),
        (("SELECT",), "plans of the application's statements", "GRANT SELECT ON *.* TO {role}  -- opens rows, too"),
    ),
    "mariadb": (
        (
            ("PROCESS",),
            "sessions of other accounts, InnoDB's transactions and counters",
            "GRANT PROCESS ON *.* TO {role}",
        ),
        (("REFERENCES", "SELECT"), "columns and indexes of all tables", "GRANT REFERENCES ON *.* TO {role}"),
        (("performance_schema",), "statement statistics", "GRANT SELECT ON performance_schema.* TO {role}"),
        (("BINLOG MONITOR",), "binary logs", "GRANT BINLOG MONITOR ON *.* TO {role}"),
        (("SLAVE MONITOR", "REPLICA MONITOR"), "replication", "GRANT SLAVE MONITOR ON *.* TO {role}"),
        (("mysql.global_priv",), "which accounts are unsafe", "GRANT SELECT ON mysql.global_priv TO {role}"),
        (("SELECT",), "plans of the application's statements", "GRANT SELECT ON *.* TO {role}  -- opens rows, too"),
    ),
}


def postgres_grant(role: str, reading: Reading) -> str | None:
    """The statement that would have let a refused one pass; None where only a superuser may."""
    name = ident(role)
    called = {function.name for function in reading.functions}
    if "pg_hba_file_rules" in called | {relation.name for relation in reading.relations}:
        view = "pg_hba_file_rules"
        return f"GRANT SELECT ON {view} TO {name}; GRANT EXECUTE ON FUNCTION {view}() TO {name}"
    if "pg_sequence_last_value" in called:
        return f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}"
    own = [one for one in reading.relations if one.schema not in (None, "pg_catalog", "information_schema")]
    if own:
        tables = ", ".join(f"{ident(one.schema or '')}.{ident(one.name)}" for one in own)
        return f"GRANT SELECT ON {tables} TO {name}"
    if any(function.startswith(_MONITORED) for function in called):
        return f"GRANT pg_monitor TO {name}"
    return None


_MONITORED = (
    "pg_ls_", "pg_current_logfile", "pg_database_size", "pg_tablespace_size", "pg_get_", "pgstat", "pg_buffercache",
    "pg_visibility", "pg_freespace", "pg_show_", "pg_stat_",
)  # fmt: skip
"""Functions that members of pg_monitor may call, by their beginning."""


def ident(name: str) -> str:
    """A PostgreSQL name, quoted where it must be."""
    return (
        name if name.isidentifier() and name == name.lower() and name.isascii() else '"' + name.replace('"', '""') + '"'
    )


def literal(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"
