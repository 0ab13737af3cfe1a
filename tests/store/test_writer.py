"""Group commit: what is queued while a commit runs shares the next one, in the order it was put."""

import asyncio

import pytest

from dbmedic.core.errors import Bug
from dbmedic.store.connection import connect, migrate
from dbmedic.store.job import MAX_JOBS, Job
from dbmedic.store.queries import parse
from dbmedic.store.writer import Writer

SQL = """
-- name: note --
insert into settings (name, value) select :name, count(*) from settings returning value
-- name: count_log --
insert into settings (name, value) select :name, count(*) from events returning value
"""
QUERIES = parse(SQL, "sqlite")


@pytest.fixture
def connection(tmp_path):
    opened = connect(str(tmp_path / "store.db"), wait_s=5, read_only=False)
    migrate(opened, "here")
    return opened


@pytest.fixture
def commits(connection):
    """A list that grows by one at each commit of a transaction that changed something."""
    seen = []
    connection.set_commit_hook(lambda: bool(seen.append(1)))
    return seen


def job(name, log=(), query="note"):
    return Job([(QUERIES[query], {"name": name})], log, asyncio.get_running_loop().create_future())


async def held(connection, jobs):
    """Puts all jobs while the write lock is taken: at most the first is in a batch of its own."""
    other = connect(connection.filename, wait_s=5, read_only=False)
    other.execute("begin immediate")
    writer = Writer(connection, "here", asyncio.get_running_loop())
    for each in jobs:
        writer.put(each)
    other.execute("rollback")
    other.close()
    outcomes = await asyncio.gather(*(each.future for each in jobs), return_exceptions=True)
    await asyncio.to_thread(writer.stop)
    return outcomes


async def test_jobs_queued_during_a_commit_share_the_next_one_in_order(connection, commits):
    outcomes = await held(connection, [job(f"n{n}") for n in range(100)])
    assert [outcome[0][0]["value"] for outcome in outcomes] == [str(n) for n in range(100)]
    assert len(commits) in (1, 2)


async def test_a_batch_has_a_limit(connection, commits):
    await held(connection, [job(f"n{n}") for n in range(2 * MAX_JOBS + 1)])
    assert len(commits) in (3, 4)


async def test_a_failing_job_is_refused_alone_and_the_others_keep_their_order(connection, commits):
    outcomes = await held(connection, [job("first"), job("a"), job("a"), job("b"), job("a"), job("c")])
    assert [isinstance(outcome, Bug) for outcome in outcomes] == [False, False, True, False, True, False]
    assert [outcome[0][0]["value"] for outcome in outcomes if isinstance(outcome, list)] == ["0", "1", "2", "3"]
    assert "UNIQUE" in str(outcomes[2])
    assert len(commits) in (1, 2)


async def test_a_statement_on_the_log_sees_the_entries_of_jobs_before_it_only(connection):
    first, second = [("t", 1, 1, "k", "{}"), ("t", 2, 1, "k", "{}")], [("t", 3, 1, "k", "{}")]
    jobs = [job("x"), job("a", first), job("b", (), "count_log"), job("c", second), job("d", (), "count_log")]
    outcomes = await held(connection, jobs)
    assert [outcome[0][0]["value"] for outcome in outcomes] == ["0", "1", "2", "3", "3"]


async def test_a_whole_batch_wakes_the_loop_once(connection):
    loop = asyncio.get_running_loop()
    calls = []

    class Counting:
        def call_soon_threadsafe(self, callback, *args):
            calls.append(callback)
            loop.call_soon_threadsafe(callback, *args)

    other = connect(connection.filename, wait_s=5, read_only=False)
    other.execute("begin immediate")
    writer = Writer(connection, "here", Counting())
    jobs = [job(f"n{n}") for n in range(50)]
    for each in jobs:
        writer.put(each)
    other.execute("rollback")
    other.close()
    await asyncio.gather(*(each.future for each in jobs))
    await asyncio.to_thread(writer.stop)
    assert len(calls) <= 2
