"""This machine's numbers agree with what its own tools say."""

import math
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from dbmedic.core.errors import StatementFailed, Unmeasured
from dbmedic.core.values import EngineFacts
from dbmedic.metrics import local
from dbmedic.metrics.local import Local, folders, volumes
from metrics.known import Known, instance


async def test_disk_agrees_with_df(tmp_path):
    (row,) = await Local().rows("disk", instance(), Known(local=True, data_directory=str(tmp_path)))
    asked = ["df", "-B1", "--output=target,size,used,avail,pcent", str(tmp_path)]
    target, size, used, avail, percent = subprocess.check_output(asked, text=True).splitlines()[1].split()
    assert (row["volume"], row["total"]) == (target, int(size))
    assert row["used"] == pytest.approx(int(used), abs=64 << 20)
    assert row["free"] == pytest.approx(int(avail), abs=64 << 20)
    assert math.ceil(row["ratio"] * 100) == pytest.approx(int(percent.rstrip("%")), abs=1)
    assert row["holds"] == "data, WAL"[: len(row["holds"])]


async def test_memory_agrees_with_the_kernel():
    (row,) = await Local(sample_s=0.02).rows("memory", instance(), Known(local=True))
    assert row["total"] <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert row["swap_in"] >= 0


async def test_cpu_sees_a_busy_processor():
    source, engine = Local(sample_s=0.3), Known(local=True)
    work = subprocess.Popen(["python3", "-c", "while True: pass"])
    try:
        (row,) = await source.rows("cpu", instance(), engine)
    finally:
        work.kill()
        work.wait()
    assert 0 < row["cores"] <= (os.cpu_count() or 1)
    assert row["ratio"] >= 0.5 / row["cores"]


async def test_a_second_question_uses_the_first_ones_sample():
    source, engine = Local(sample_s=0.2), Known(local=True)
    await source.rows("cpu", instance(), engine)
    time.sleep(0.25)
    started = time.monotonic()
    await source.rows("memory", instance(), engine)
    assert time.monotonic() - started < 0.15


async def test_a_server_elsewhere_is_not_this_machine():
    with pytest.raises(Unmeasured, match=r"rm-1 does not run on this machine") as cannot:
        await Local().rows("disk", instance(), Known(local=False, data_directory="/"))
    assert cannot.value.reason == "no_host_source"


async def test_a_data_directory_that_is_not_here_is_in_a_container_or_behind_a_tunnel():
    with pytest.raises(Unmeasured, match=r"/no/such/pgdata, which does not exist on this machine: it runs in a cont"):
        await Local().rows("disk", instance(), Known(local=True, data_directory="/no/such/pgdata"))


async def test_a_data_directory_that_we_may_not_know_names_the_grant():
    with pytest.raises(Unmeasured, match=r"watcher may not read where its data directory is") as cannot:
        await Local().rows("disk", instance(), Known(local=True))
    assert (cannot.value.reason, cannot.value.grant) == ("permission", 'GRANT pg_monitor TO "watcher"')


async def test_a_file_system_that_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(local, "volumes", lambda places: time.sleep(1))
    started = time.monotonic()
    with pytest.raises(Unmeasured, match=r"did not answer within 100 ms; is it a network file system") as cannot:
        await Local(timeout_s=0.1).rows("disk", instance(), Known(local=True, data_directory="/"))
    assert time.monotonic() - started < 0.8
    assert cannot.value.reason == "timeout"


async def test_tablespaces_on_another_volume_are_rows_of_their_own(tmp_path):
    if shutil.disk_usage("/dev/shm").total == 0 or Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("/dev/shm is no volume of its own here")
    spaces = [{"place": ""}, {"place": "/dev/shm"}, {"place": "/not/here"}]
    engine = Known({"pg_tablespace": spaces}, local=True, data_directory=str(tmp_path))
    data, space = await Local().rows("disk", instance(), engine)
    assert data["volume"] != "/dev/shm"
    assert (space["volume"], space["holds"]) == ("/dev/shm", "tablespace")


async def test_without_tablespaces_the_data_volume_is_still_measured(tmp_path):
    engine = Known({"pg_tablespace": StatementFailed("no")}, local=True, data_directory=str(tmp_path))
    assert len(await Local().rows("disk", instance(), engine)) == 1


def test_a_folder_that_may_not_be_looked_into_is_measured_by_its_parent(tmp_path):
    """Run as another user, since root looks into everything."""
    closed = tmp_path / "var" / "closed"
    (closed / "data").mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    closed.chmod(0o700)
    child = os.fork()
    if child == 0:
        if os.getuid() == 0:
            os.setuid(65534)
        rows = volumes([(str(closed / "data"), "data"), (str(closed / "wal"), "WAL")])
        os._exit(0 if len(rows) == 1 and rows[0]["holds"] == "data" else 1)
    assert os.waitpid(child, 0)[1] == 0


def facts(engine: str, **settings: str) -> EngineFacts:
    return EngineFacts(
        engine=engine, version=(1,), version_text="", database="d", role="r", data_directory="/data", settings=settings
    )


def test_where_a_server_may_have_put_its_files():
    assert folders(facts("postgres")) == [("/data", "data"), ("/data/pg_wal", "WAL")]
    assert folders(
        facts(
            "mariadb",
            innodb_log_group_home_dir="./",
            innodb_undo_directory="/undo",
            log_bin_basename="/logs/bin/master",
            tmpdir="/tmp:/tmp2",
        )
    ) == [("/data", "data"), ("/undo", "undo"), ("/logs/bin", "binary log"), ("/tmp", "temporary files")]
    assert folders(facts("sqlite")) == [("/data", "data")]
