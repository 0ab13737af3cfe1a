"""What only the file system and the kernel tell of an SQLite file: who holds it, and who may reach it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from checks.proving import heard
from dbmedic.checks.catalogue.lock_wait_deadlock_analysis.sl_busy import LOCKS, holders
from dbmedic.checks.catalogue.security_configuration_analysis.sl_file_perms import modes
from dbmedic.core.values import Instance
from fix_servers import private_folder

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin immediate")
connection.execute("insert into t values (null)")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "shop.db"
    connection = apsw.Connection(str(found))
    connection.execute("create table t(id integer primary key)")
    connection.close()
    return found


@pytest.mark.skipif(not LOCKS.exists(), reason="only Linux lists locks")
@pytest.mark.parametrize("mode", ["delete", "wal"])
async def test_the_process_that_holds_the_write_lock_is_named(path: Path, mode: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(f"pragma journal_mode = {mode}").fetchall()
    instance = Instance(id="under-test", url=f"sqlite:///{path}")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        said = await heard(["sl-busy", "sl-settings"], instance, thresholds={"sl-busy": {"longest_least": 0.5}})
        holder.communicate("")
    found = {one.check: one.object for one in said.findings}
    assert found.pop("sl-busy") == f"pid {holder.pid}"
    assert found == ({"sl-settings": "under-test"} if mode == "delete" else {})
    connection.close()
    assert (await heard(["sl-busy", "sl-settings"], instance)).findings == []


def test_readers_and_other_files_hold_no_write_lock() -> None:
    listed = """1: POSIX  ADVISORY  READ  11 fd:01:500 1073741826 1073742335
2: POSIX  ADVISORY  WRITE 12 fd:01:500 1073741825 1073741825
3: POSIX  ADVISORY  WRITE 13 fd:01:501 120 120
4: POSIX  ADVISORY  WRITE 14 fd:01:501 123 123
5: POSIX  ADVISORY  WRITE 15 fd:01:777 120 120
6: FLOCK  ADVISORY  WRITE 16 fd:01:500 0 EOF
"""
    assert set(holders(listed, 500, 501)) == {12, 13}


READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin")
connection.execute("select count(*) from t").fetchall()
print("reading", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not LOCKS.exists(), reason="only Linux lists locks")
async def test_the_process_that_keeps_the_log_from_shrinking_is_named(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("pragma journal_mode = wal").fetchall()
    instance = Instance(id="under-test", url=f"sqlite:///{path}")
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
        connection.execute("create table big(data blob)")
        connection.execute("insert into big values (randomblob(20000000))")
        limits = {"sl-wal-size": {"warn": 1e6, "error": 1e6}}
        said = await heard(["sl-wal-size"], instance, thresholds=limits, window_s=0.3)
        reader.communicate("")
    [sentence] = said.sentences("en")
    assert f"Process {reader.pid} " in sentence
    connection.close()


async def test_a_reference_that_no_index_serves_is_named_and_one_that_is_served_is_not(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("create table lines(id integer primary key, t_id int references t, other int references t(id))")
    connection.execute("create index lines_other_idx on lines(other, id)")
    connection.execute("insert into lines(id) values (20000)")
    connection.close()
    [finding] = (await heard(["sl-missing-index"], Instance(id="under-test", url=f"sqlite:///{path}"))).findings
    assert finding.object == "lines.t_id"
    assert finding.fix is not None
    assert finding.fix.statement == "CREATE INDEX lines_t_id_idx ON lines (t_id)"


async def test_an_index_that_forgot_its_rows_is_damage(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("create table mail(id integer primary key, address text); create index by on mail(address)")
    connection.execute("insert into mail values (1, 'a'), (2, 'b')")
    [(root,)] = connection.execute("select rootpage from sqlite_schema where name = 'by'").fetchall()
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096 + 3)
        file.write(b"\0\0")
    said = await heard(["sl-integrity"], Instance(id="under-test", url=f"sqlite:///{path}"))
    assert [one.level for one in said.findings] == ["error"] * len(said.findings)
    assert "by" in " ".join(said.sentences("en"))


async def test_a_file_for_everybody_is_seen_and_mended_by_the_fix(path: Path) -> None:
    # The folder that pytest makes is closed again by whoever starts pytest meanwhile.
    with private_folder() as folder:
        open_to_all = Path(shutil.copy(path, folder))
        open_to_all.chmod(0o666)
        instance = Instance(id="under-test", url=f"sqlite:///{open_to_all}")
        said = await heard(["sl-file-perms"], instance)
        [finding] = said.findings
        assert (finding.object, finding.level) == ("shop.db", "error")
        subprocess.run(["sh", "-c", finding.fix.statement], check=True)
        assert (await heard(["sl-file-perms"], instance)).findings == []


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_what_lies_in_a_private_folder_is_reached_by_nobody(path: Path) -> None:
    path.chmod(0o666)
    path.parent.chmod(0o700)
    assert modes(path)[0]["writable"] == 0
