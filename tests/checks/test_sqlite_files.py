"""What only the file system and the kernel tell of an SQLite file: who holds it, and who may reach it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from checks.proving import heard
from dbmedic.checks.catalogue.lock_wait_deadlock_analysis.sl_busy import LOCKS, holders
from dbmedic.checks.catalogue.security_configuration_analysis.sl_file_perms import modes
from dbmedic.core.values import Instance

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


async def test_a_file_for_everybody_is_seen_and_mended_by_the_fix(path: Path) -> None:
    path.chmod(0o666)
    folders = {folder: folder.stat().st_mode for folder in path.parents if folder.owner() == path.owner()}
    for folder, mode in folders.items():
        folder.chmod(mode | 0o001)
    instance = Instance(id="under-test", url=f"sqlite:///{path}")
    try:
        said = await heard(["sl-file-perms"], instance)
        [finding] = said.findings
        assert (finding.object, finding.level) == ("shop.db", "error")
        subprocess.run(["sh", "-c", finding.fix.statement], check=True)
        assert (await heard(["sl-file-perms"], instance)).findings == []
    finally:
        for folder, mode in folders.items():
            folder.chmod(mode)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_what_lies_in_a_private_folder_is_reached_by_nobody(path: Path) -> None:
    path.chmod(0o666)
    path.parent.chmod(0o700)
    assert modes(path)[0]["writable"] == 0
