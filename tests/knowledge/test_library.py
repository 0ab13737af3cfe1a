"""Datasets and documents: added, found, replaced, removed, and indexed on after a restart."""

import itertools
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from dbmedic.core.errors import BadField, NotFound
from dbmedic.knowledge.indexing import ATTEMPTS, Indexer
from dbmedic.knowledge.library import Library
from dbmedic.store.sqlite import open_store

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LOCKS = "# Locks\n\nA waiting ALTER TABLE queues every newcomer behind it.\n\n# Way out\n\nSet lock_timeout first."


class Shelf:
    def __init__(self, store) -> None:
        self.store = store
        self.indexer = Indexer(store, now=lambda: NOW, new_id=lambda: str(uuid4()))
        self.library = Library(store, now=lambda: NOW, new_id=lambda: str(uuid4()), queued=self.indexer.wake)

    async def found(self, query, *datasets):
        return [one.title for one in await self.library.search(query, datasets)]


@pytest.fixture(params=["file", "memory"])
async def shelf(request, tmp_path):
    store = await open_store(tmp_path / "store.db" if request.param == "file" else None)
    shelf = Shelf(store)
    yield shelf
    await shelf.indexer.close()
    await store.close()


async def test_a_document_is_found_by_its_words_and_its_title(shelf) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    await shelf.library.add(runbooks, "DDL and locks", LOCKS)
    await shelf.library.add(runbooks, "磁盘扩容", "扩容前先清理 WAL 归档与临时文件。")
    await shelf.indexer.idle()
    assert await shelf.found("what happens when ALTER TABLE waits?", runbooks) == ["DDL and locks"]
    assert (await shelf.found("怎么给磁盘扩容", runbooks))[0] == "磁盘扩容"
    assert await shelf.found("kubernetes", runbooks) == []


async def test_a_passage_says_where_it_is_from(shelf) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    added = await shelf.library.add(runbooks, "DDL", LOCKS)
    await shelf.indexer.idle()
    best = (await shelf.library.search("lock_timeout", [runbooks]))[0]
    assert (best.library, best.library_name, best.document) == (runbooks.id, "runbooks", added.id)
    assert (best.position, best.text, best.score) == (2, "Set lock_timeout first.", 1.0)


async def test_datasets_never_mix(shelf) -> None:
    mine, theirs = await shelf.library.create("a", "x"), await shelf.library.create("b", "x")
    await shelf.library.add(theirs, "secret", LOCKS)
    await shelf.indexer.idle()
    assert await shelf.found("lock_timeout", mine) == []
    assert set(await shelf.found("lock_timeout", mine, theirs)) == {"secret"}
    with pytest.raises(NotFound):
        await shelf.library.dataset(theirs.id, "a")


async def test_a_replaced_document_is_found_by_its_new_text_alone(shelf) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    added = await shelf.library.add(runbooks, "page", "about vacuum")
    await shelf.indexer.idle()
    await shelf.library.replace(added, "page", "about checkpoints")
    await shelf.indexer.idle()
    assert await shelf.found("vacuum", runbooks) == []
    assert await shelf.found("checkpoint", runbooks) == ["page"]


async def test_an_unchanged_document_is_not_indexed_again(shelf) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    added = await shelf.library.add(runbooks, "page", LOCKS)
    await shelf.indexer.idle()
    done = await shelf.library.document(added.id, runbooks.id)
    assert await shelf.library.replace(done, "page", LOCKS) == done
    assert await shelf.store.read("index_job_next") == []


async def test_what_was_dropped_is_found_no_more(shelf) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    one = await shelf.library.add(runbooks, "one", LOCKS)
    await shelf.library.add(runbooks, "two", LOCKS)
    await shelf.indexer.idle()
    await shelf.library.drop(one)
    assert set(await shelf.found("lock_timeout", runbooks)) == {"two"}
    await shelf.library.remove(runbooks)
    assert await shelf.found("lock_timeout", runbooks) == []
    assert await shelf.store.read("words_known", words='["timeout"]') == []


async def test_a_document_says_how_far_it_is(shelf) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    added = await shelf.library.add(runbooks, "long", "\n\n".join(f"paragraph {n} {'x' * 1300}" for n in range(450)))
    assert (added.status, added.segments) == ("waiting", 0)
    await shelf.indexer.idle()
    done = await shelf.library.document(added.id, runbooks.id)
    assert (done.status, done.total, done.segments) == ("completed", done.segments, 900)
    segments, total = await shelf.library.segments(done, limit=2)
    assert (total, [one.position for one in segments]) == (900, [1, 2])


async def test_a_restart_goes_on_with_what_is_queued(tmp_path) -> None:
    store = await open_store(tmp_path / "store.db")
    ids = itertools.count()
    library = Library(store, now=lambda: NOW, new_id=lambda: f"id-{next(ids)}")  # nobody indexes here
    runbooks = await library.create("a", "runbooks")
    await library.add(runbooks, "page", LOCKS)
    await store.close()
    store = await open_store(tmp_path / "store.db")
    shelf = Shelf(store)
    shelf.indexer.wake()
    await shelf.indexer.idle()
    assert set(await shelf.found("lock_timeout", runbooks)) == {"page"}
    assert await store.read("index_job_next") == []
    await store.close()


async def test_a_document_that_ends_the_process_each_time_is_given_up(shelf) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    shelf.library.queued = lambda: None
    added = await shelf.library.add(runbooks, "page", LOCKS)
    for _ in range(ATTEMPTS):
        await shelf.store.write(("index_job_begin", {"document": added.id}))
    shelf.indexer.wake()
    await shelf.indexer.idle()
    done = await shelf.library.document(added.id, runbooks.id)
    assert done.status == "error"
    assert "attempts" in (done.error or "")


async def test_names_are_checked(shelf) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    with pytest.raises(BadField):
        await shelf.library.create("a", "runbooks")
    for name, text in (("", "x"), ("x" * 201, "x"), ("x", " \n")):
        with pytest.raises(BadField):
            await shelf.library.add(runbooks, name, text)


@pytest.mark.parametrize("query", ['"', "NOT", "a AND (", "place: d1", "*", "'; drop table x --", "磁\x00盘", "_" * 99])
async def test_a_query_is_never_syntax(shelf, query) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    await shelf.library.add(runbooks, "page", LOCKS)
    await shelf.indexer.idle()
    await shelf.library.search(query, [runbooks])


async def test_what_nobody_foresaw_ends_one_document_and_not_the_queue(shelf) -> None:
    runbooks = await shelf.library.create("a", "runbooks")
    broken = await shelf.library.add(runbooks, "broken", LOCKS, settings={"limit": "no number"})
    await shelf.library.add(runbooks, "page", LOCKS)
    await shelf.indexer.idle()
    done = await shelf.library.document(broken.id, runbooks.id)
    assert (done.status, done.error) == ("error", "dbmedic failed to index it; its log has the details")
    assert set(await shelf.found("lock_timeout", runbooks)) == {"page"}


async def test_the_words_of_a_large_dataset_do_not_hide_those_of_a_small_one(shelf) -> None:
    large, small = await shelf.library.create("a", "large"), await shelf.library.create("a", "small")
    many = "\n\n".join(f"# {n}\n\nlock number{n}" for n in range(2_500))
    await shelf.library.add(large, "many", many)
    await shelf.library.add(small, "one", "a lock")
    await shelf.indexer.idle()
    assert (await shelf.found("lock", small)) == ["one"]
    (best, *_) = await shelf.library.search("lock number77", [large, small])
    assert best.text == "lock number77"
    assert {one.title for one in await shelf.library.search("lock", [large, small], limit=50)} == {"many", "one"}
