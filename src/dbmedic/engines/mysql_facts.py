"""What a MySQL or MariaDB server says of itself and of our account."""

from __future__ import annotations

import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, TypeAlias

from dbmedic.core.errors import Denied, StatementFailed
from dbmedic.core.values import EngineFacts, Row
from dbmedic.engines import thishost
from dbmedic.engines.mysql_session import MySession
from dbmedic.engines.postgres_facts import numbers
from dbmedic.engines.secrets import hidden

SERVER = """/* dbmedic */
select version() as version, @@version_comment as comment, database() as `database`, now(6) as now,
       @@performance_schema as performance_schema"""
VARIABLES = "/* dbmedic */ show global variables"
UPTIME = "/* dbmedic */ show global status like 'Uptime'"
ROLE = "/* dbmedic */ select current_role() as role"
SCHEMATA = """/* dbmedic */
select SCHEMA_NAME as name from information_schema.SCHEMATA
where SCHEMA_NAME not in ('information_schema', 'performance_schema', 'mysql', 'sys') order by 1"""
SIZES = {
    "mariadb": """/* dbmedic */
select substring_index(NAME, '/', 1) as name, sum(FILE_SIZE) as size, count(*) as tables
from information_schema.INNODB_SYS_TABLESPACES group by 1 order by 2 desc""",
    "mysql": """/* dbmedic */
select substring_index(NAME, '/', 1) as name, sum(FILE_SIZE) as size, count(*) as tables
from information_schema.INNODB_TABLESPACES group by 1 order by 2 desc""",
}
REPLICA = {
    "mariadb": "/* dbmedic */ show all slaves status",
    "mysql": "/* dbmedic */ show replica status",
}
_ALL = frozenset(
    {
        "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "RELOAD", "PROCESS", "FILE", "REFERENCES", "INDEX",
        "ALTER", "SHOW DATABASES", "SUPER", "LOCK TABLES", "EXECUTE", "REPLICATION SLAVE", "REPLICATION CLIENT",
        "BINLOG MONITOR", "SLAVE MONITOR", "REPLICA MONITOR", "SHOW VIEW", "EVENT", "TRIGGER", "CREATE USER",
    }
)  # fmt: skip
"""What ALL PRIVILEGES on *.* means, as far as anything here asks."""
_SAME = {"SLAVE MONITOR": "REPLICA MONITOR", "REPLICA MONITOR": "SLAVE MONITOR"}
_GRANT = re.compile(r"^GRANT (?P<what>.+?) ON (?:TABLE )?(?P<where>\S+) TO ", re.IGNORECASE)
_COLUMNS = re.compile(r"\([^)]*\)")
Ask: TypeAlias = Callable[[str], Awaitable[list[Row]]]


async def facts(session: MySession) -> EngineFacts:
    """Raises as `Engine.rows`.  The engine's name is what the server is, whatever the URL's scheme."""

    async def ask(sql: str) -> list[Row]:
        return await session.rows(sql, (), database=None, timeout_s=5.0, max_rows=5000)

    server = (await ask(SERVER))[0]
    engine = "mariadb" if "mariadb" in f"{server['version']} {server['comment']}".lower() else "mysql"
    settings = {str(row["Variable_name"]): hidden(str(row["Value"])) for row in await ask(VARIABLES)}
    uptime = await ask(UPTIME)
    privileges = await _privileges(ask, engine)
    databases = [str(row["name"]) for row in await ask(SCHEMATA)]
    tables, databases = await _sized(ask, engine, databases)
    return EngineFacts(
        engine=engine,
        version=numbers(server["version"]),
        version_text=f"{server['version']} {server['comment']}",
        database=server["database"] or "",
        role=session.account,
        superuser={"SELECT", "CREATE USER"} <= privileges and bool(privileges & {"SUPER", "SYSTEM_VARIABLES_ADMIN"}),
        standby=await _standby(ask, engine),
        started_at=server["now"] - timedelta(seconds=int(uptime[0]["Value"])) if uptime else None,
        server_time=server["now"],
        privileges=frozenset(privileges),
        settings=settings,
        databases=tuple(databases),
        relation_count=tables,
        data_directory=settings.get("datadir"),
        local=await _local(session, settings),
    )


async def _privileges(ask: Ask, engine: str) -> set[str]:
    """Global privileges by name, those on the server's own schemas as "mysql.user", and what is readable and on."""
    rows = await ask("/* dbmedic */ show grants")
    if engine == "mysql":
        role = (await ask(ROLE))[0]["role"]
        if role and role != "NONE":
            rows = await ask(f"/* dbmedic */ show grants for current_user() using {role}")
    found = granted(str(next(iter(row.values()))) for row in rows)
    for marker, probe in (
        (
            "performance_schema",
            "select 1 as one from performance_schema.threads where @@performance_schema = 1 limit 1",
        ),
        ("sys", "select 1 as one from sys.version"),
    ):
        try:
            if await ask(f"/* dbmedic */ {probe}"):
                found.add(marker)
        except (Denied, StatementFailed):
            continue
    return found


def granted(lines: Iterable[str]) -> set[str]:
    """Privileges in the lines of SHOW GRANTS: global ones by name, those on other things as `schema.table`."""
    found: set[str] = set()
    for line in lines:
        parts = _GRANT.match(line)
        if parts is None:
            continue
        names = {name.strip().upper() for name in _COLUMNS.sub("", parts["what"]).split(",")}
        where = parts["where"].replace("`", "")
        if where == "*.*":
            found |= _ALL if "ALL PRIVILEGES" in names else names | {_SAME[name] for name in names if name in _SAME}
        elif names & {"SELECT", "ALL PRIVILEGES"}:
            found.add(where.removesuffix(".*"))
            if where == "mysql.*":
                found |= {"mysql.user", "mysql.global_priv"}
    if "SELECT" in found:
        found |= {"mysql.user", "mysql.global_priv"}
    if "REPLICATION CLIENT" in found:
        found.add("BINLOG MONITOR")
    return found - {"USAGE"}


async def _sized(ask: Ask, engine: str, databases: list[str]) -> tuple[int, list[str]]:
    """(number of InnoDB tables, databases largest first); needs PROCESS, else the order by name stays."""
    try:
        rows = await ask(SIZES[engine])
    except (Denied, StatementFailed):
        return 0, databases
    size = {str(row["name"]): int(row["size"] or 0) for row in rows}
    ordered = sorted(databases, key=lambda name: (-size.get(name, 0), name))
    return sum(int(row["tables"]) for row in rows), ordered


async def _standby(ask: Ask, engine: str) -> bool:
    try:
        return bool(await ask(REPLICA[engine]))
    except (Denied, StatementFailed):
        return False


async def _local(session: MySession, settings: dict[str, Any]) -> bool:
    """Loopback, the same host name, and a data directory that is there."""
    if session.place.socket:
        return True
    same = settings.get("hostname", "").split(".")[0] == socket.gethostname().split(".")[0]
    return same and thishost.loopback(session.place.host) and await thishost.exists(settings.get("datadir", "/nowhere"))
