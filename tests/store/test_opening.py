"""Opening: an empty place, an older schema, a newer one, a stranger's file, several processes at once."""

import asyncio
import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import apsw
import pytest

from dbmedic.core.errors import StoreFailed, StoreFull, StoreLocked, StoreTooNew
from dbmedic.store import connection as sqlite
from dbmedic.store.job import Job
from dbmedic.store.queries import migrations
from dbmedic.store.sqlite import open_store
from dbmedic.store.writer import Writer

OPEN = """
import asyncio, sys
from pathlib import Path
from dbmedic.store.sqlite import open_store

async def main():
    store = await open_store(Path(sys.argv[1]))
    await store.write(("setting_put_new", {"name": sys.argv[2], "value": "here"}))
    await store.close()

asyncio.run(main())
"""


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


async def test_only_its_owner_may_read_the_files(tmp_path):
    before = os.umask(0)
    try:
        store = await open_store(tmp_path / "store.db")
    finally:
        os.umask(before)
    await store.write(("setting_put_new", {"name": "x", "value": "y"}))
    assert {path.name: mode(path) for path in tmp_path.iterdir()} == {
        "store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600,
    }  # fmt: skip
    await store.close()


async def test_a_file_of_the_first_schema_is_brought_forward_and_keeps_its_rows(tmp_path):
    first, *later = migrations("sqlite")
    assert later
    old = apsw.Connection(str(tmp_path / "store.db"))
    old.execute(first.sql)
    old.execute("insert into settings values ('x', 'kept'); update meta set value = 1 where name = 'schema_version'")
    old.close()
    store = await open_store(tmp_path / "store.db")
    assert await store.read("setting_get", name="x") == [{"value": "kept"}]
    before = await store.version()
    await store.write(("account_put_new", {"id": "a", "name": "A", "max_turns": 1, "now": 1}))
    assert await store.version() == before + 1
    await store.close()


async def test_opening_again_changes_nothing(tmp_path):
    for _ in range(2):
        store = await open_store(tmp_path / "store.db")
        version = await store.version()
        await store.close()
    assert version == 1


async def test_a_newer_schema_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "store.db"
    await (await open_store(path)).close()
    newer = apsw.Connection(str(path))
    newer.execute("update meta set value = 99 where name = 'schema_version'")
    newer.close()
    before = path.read_bytes()
    known = migrations("sqlite")[-1].number
    with pytest.raises(StoreTooNew, match=f"schema version 99, this dbmedic knows up to {known}"):
        await open_store(path)
    assert path.read_bytes() == before


async def test_a_strangers_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "store.db"
    stranger = apsw.Connection(str(path))
    stranger.execute("create table meta (x)")
    stranger.close()
    with pytest.raises(StoreFailed, match="not a store of dbmedic"):
        await open_store(path)


async def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "store.db").write_text("not a database at all, but long enough to look like a header, surely it is")
    with pytest.raises(StoreFailed, match="damaged or not a database"):
        await open_store(tmp_path / "store.db")


async def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreFailed, match=r"nowhere/store\.db cannot be opened: No such file or directory"):
        await open_store(tmp_path / "nowhere" / "store.db")


async def test_processes_that_open_an_empty_place_at_once_all_succeed(tmp_path):
    path = tmp_path / "store.db"
    racers = [
        subprocess.Popen([sys.executable, "-c", OPEN, path, f"p{n}"], stderr=subprocess.PIPE, text=True)
        for n in range(6)
    ]
    for racer in racers:
        _, complaint = racer.communicate(timeout=60)
        assert (racer.returncode, complaint) == (0, "")
    store = await open_store(path)
    for n in range(6):
        assert await store.read("setting_get", name=f"p{n}") == [{"value": "here"}]
    await store.close()


def test_migrating_at_once_happens_once(tmp_path):
    for attempt in range(5):
        place = str(tmp_path / f"{attempt}.db")
        ready = threading.Barrier(6)

        def migrate(place=place, ready=ready):
            connection = sqlite.connect(place, wait_s=5, read_only=False)
            ready.wait()
            sqlite.migrate(connection, place)
            connection.close()

        with ThreadPoolExecutor(6) as pool:
            for done in [pool.submit(migrate) for _ in range(6)]:
                done.result()


async def test_a_lock_held_too_long_is_said_and_nothing_is_written(tmp_path):
    store = await open_store(tmp_path / "store.db", wait_s=0.05)
    other = apsw.Connection(str(tmp_path / "store.db"))
    other.execute("begin immediate")
    writes = [store.write(("setting_put_new", {"name": f"n{n}", "value": ""})) for n in range(3)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreLocked] * 3
    assert await store.read("setting_get", name="n0") == []
    other.execute("rollback")
    other.close()
    await store.write(("setting_put_new", {"name": "n0", "value": "after"}))
    assert await store.read("setting_get", name="n0") == [{"value": "after"}]
    await store.close()


async def test_a_full_disk_is_said_and_the_store_goes_on_when_there_is_room(tmp_path):
    place = str(tmp_path / "store.db")
    connection = sqlite.connect(place, wait_s=5, read_only=False)
    sqlite.migrate(connection, place)
    connection.execute(f"pragma max_page_count = {connection.pragma('page_count') + 4}")
    writer = Writer(connection, place, asyncio.get_running_loop())

    async def put(*lengths):
        jobs = []
        for n, length in enumerate(lengths):
            rows = [(f"t{n}", 1, 1, "k", "x" * length)]
            jobs.append(Job([], rows, asyncio.get_running_loop().create_future()))
            writer.put(jobs[-1])
        return await asyncio.gather(*(job.future for job in jobs), return_exceptions=True)

    (refused,) = await put(100_000)
    assert isinstance(refused, StoreFull)
    assert "disk is full; nothing of this write was kept; free some space" in str(refused)
    assert await put(10) == [[]]
    await asyncio.to_thread(writer.stop)
