"""A server's log -> entries without literals: PostgreSQL's three formats, MySQL's, MariaDB's, Redis'.  Pure.

`read` takes lines as they stand; who fetches them says `dbmedic.logs`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Literal, TypeAlias

from dbmedic.kit.serverlog import mysql, postgres, postgres_rows, redis
from dbmedic.kit.serverlog.entry import Entry

Form: TypeAlias = Literal["postgres", "csv", "json", "mysql", "redis"]
Line: TypeAlias = tuple[datetime | None, str]
"""When a carrier such as journald received it, and the text."""


def form_of(engine: str, name: str = "", first: str = "") -> Form:
    """How a log is written, by the engine, the file's name and one of its lines."""
    if engine == "redis":
        return "redis"
    if engine != "postgres":
        return "mysql"
    if name.endswith(".csv"):
        return "csv"
    return "json" if name.endswith(".json") or first.startswith('{"timestamp"') else "postgres"


def read(lines: Iterable[Line], form: Form, *, zone: tzinfo, prefix: str = postgres.USUAL) -> list[Entry]:
    """The entries worth knowing, oldest first.

    `zone` is the one that the server writes its times in, where the text does not say; `prefix` PostgreSQL's
    `log_line_prefix`.
    """
    match form:
        case "csv":
            found = postgres_rows.from_csv(lines, zone)
        case "json":
            found = postgres_rows.from_json(lines, zone)
        case "postgres":
            found = postgres.entries(lines, zone, prefix)
        case "mysql":
            found = mysql.entries(lines, zone)
        case "redis":
            found = redis.entries(lines, zone)
    return sorted(found, key=lambda one: one.at)


def moment_in(line: str, form: Form, zone: tzinfo) -> datetime | None:
    """The first moment that a line names; None for a line that continues another."""
    match form:
        case "mysql":
            return mysql.moment(line, zone)
        case "redis":
            return redis.moment(line, zone)
        case _:
            return postgres.moment(line, zone)
