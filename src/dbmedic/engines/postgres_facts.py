"""What a PostgreSQL server says of itself and of our account, even to a role that may do nothing but connect."""

from __future__ import annotations

import re
from typing import Any

from dbmedic.core.errors import Denied, LockBlocked, StatementFailed, Timeout
from dbmedic.core.values import EngineFacts, Row
from dbmedic.engines import thishost
from dbmedic.engines.postgres_session import PgSession
from dbmedic.engines.secrets import hidden
from dbmedic.kit import statements

SERVER = """/* dbmedic */
select current_database() as database, current_user as role, version() as version_text,
       current_setting('server_version') as version,
       (select rolsuper from pg_roles where rolname = current_user) as superuser,
       (select rolreplication from pg_roles where rolname = current_user) as replication,
       pg_is_in_recovery() as standby, pg_postmaster_start_time() as started_at, clock_timestamp() as server_time,
       pg_backend_pid() as backend,
       array(select rolname::text from pg_roles
             where rolname like 'pg\\_%' and pg_has_role(oid, 'MEMBER') order by 1) as memberships,
       (select jsonb_object_agg(extname, extversion) from pg_extension) as extensions,
       (select count(*) from pg_class) as relation_count,
       (select has_table_privilege(c.oid, 'SELECT')
        from pg_class c join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
        where c.relname = 'pg_stat_statements' limit 1) as statements"""

SETTINGS = """/* dbmedic */
select name, setting from pg_settings"""

DATABASES = """/* dbmedic */
select datname::text as name from pg_database
where datallowconn and not datistemplate and has_database_privilege(oid, 'CONNECT')
order by datname <> current_database(), datname"""

SIZES = """/* dbmedic */
select datname::text as name, pg_database_size(oid) as size from pg_database
where datallowconn and not datistemplate and has_database_privilege(oid, 'CONNECT') order by 2 desc"""

SIZES_S = 1.0
"""Sizing walks the files of each database; with very many the order by name has to do."""


async def facts(session: PgSession) -> EngineFacts:
    """Raises as `Engine.rows`."""
    server = (await _rows(session, SERVER))[0]
    settings = {row["name"]: hidden(row["setting"] or "") for row in await _rows(session, SETTINGS)}
    databases = [row["name"] for row in await _rows(session, DATABASES)]
    if len(databases) > 1:
        databases = await _by_size(session) or databases
    local = await _local(session, server, settings)
    return EngineFacts(
        engine="postgres",
        version=numbers(server["version"]),
        version_text=server["version_text"],
        database=server["database"],
        role=server["role"],
        superuser=bool(server["superuser"]),
        standby=server["standby"],
        started_at=server["started_at"],
        server_time=server["server_time"],
        extensions=server["extensions"] or {},
        privileges=frozenset(_privileges(server, settings)),
        settings=settings,
        databases=tuple(databases),
        relation_count=server["relation_count"],
        data_directory=settings.get("data_directory")
        or (await thishost.parent_folder(server["backend"]) if local else None),
        local=local,
    )


def numbers(version: str) -> tuple[int, ...]:
    """ "15.20 (Debian …)" -> (15, 20); "18beta1" -> (18,)."""
    found = re.match(r"[\d.]+", version)
    return tuple(int(part) for part in found.group().strip(".").split(".")) if found else (0,)


def _privileges(server: Row, settings: dict[str, str]) -> set[str]:
    found = set(server["memberships"])
    if server["superuser"]:
        found.add("superuser")
    if server["replication"]:
        found.add("replication")
    if server["statements"] and "pg_stat_statements.max" in settings:
        found.add("pg_stat_statements")
    return found


async def _by_size(session: PgSession) -> list[str]:
    try:
        return [row["name"] for row in await _rows(session, SIZES, timeout_s=SIZES_S)]
    except (Timeout, Denied, LockBlocked, StatementFailed):
        return []


async def _local(session: PgSession, server: Row, settings: dict[str, str]) -> bool:
    """Whether our backend is a process of this machine: its title names our own end of the connection."""
    if session.over_socket_file:
        return True
    if not thishost.loopback(session.place.host):
        return False
    title = await thishost.title_of(server["backend"])
    if title is not None:
        return f"({session.own_port})" in title
    folder = settings.get("data_directory")
    return folder is not None and await thishost.exists(folder)


async def _rows(session: PgSession, sql: str, *, timeout_s: float = 5.0) -> list[Row]:
    none: list[Any] = []
    return await session.rows(sql, none, statements.reading(sql, "postgres"), timeout_s=timeout_s, max_rows=5000)
