"""The knowledge base as its keepers use it: whose datasets are whose, what apps read, what stays when work fails."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

import pytest

from dbmedic.assistant.accounts import LOCAL, first_start
from dbmedic.assistant.datasets import InUse, NameTaken
from dbmedic.assistant.documents import Archived, Indexing
from dbmedic.assistant.files import Files
from dbmedic.assistant.keys import Keys
from dbmedic.assistant.knowledge import Knowledge, knowledge
from dbmedic.assistant.labels import Condition, meets
from dbmedic.assistant.manual import Manual
from dbmedic.assistant.passages import Draft
from dbmedic.assistant.reading import Reading
from dbmedic.assistant.retrieval import Search
from dbmedic.assistant.secrets import Secrets
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.values import Caller, Question
from dbmedic.knowledge.kept import Dataset, Document
from dbmedic.knowledge.library import Library
from dbmedic.store.sqlite import Sqlite, open_store

OTHER = Caller(account="other", user="u", key="k")
TEXT = "Set lock_timeout before ALTER TABLE."


class Desk:
    def __init__(self, store: Sqlite, files: Files, secrets: Secrets) -> None:
        self.store, self.files, self.at = store, files, datetime.now(UTC)
        self.known: Knowledge = knowledge(store, files, secrets, now=lambda: self.at, new_id=lambda: str(uuid4()))

    async def dataset(self, name: str = "books", caller: Caller = LOCAL) -> Dataset:
        return await self.known.datasets.create(caller, name, "", {})

    async def document(self, dataset: Dataset, name: str = "page", text: str = TEXT) -> Document:
        made = await self.known.documents.create(dataset, name, text, settings={}, details={})
        await self.known.indexer.idle()
        return await self.known.documents.get(dataset, made.id)

    async def found(self, query: str, dataset: Dataset) -> list[str]:
        return [hit.segment.text for hit in await self.known.retrieval.find(query, [dataset], Search())]


class Parts(NamedTuple):
    desk: Desk
    keys: Keys


@pytest.fixture
async def parts() -> AsyncIterator[Parts]:
    def now() -> datetime:
        return datetime.now(UTC)

    def new_id() -> str:
        return str(uuid4())

    store, secrets = await open_store(None), Secrets(os.urandom(32), os.urandom)
    await first_start(store, secrets, max_turns=4, now=now, new_id=new_id)
    files = Files(store, None, now=now, new_id=new_id)
    desk = Desk(store, files, secrets)
    yield Parts(desk, Keys(store, now=now, new_id=new_id, random=os.urandom))
    await desk.known.indexer.close()
    await files.close()
    await store.close()


@pytest.fixture
def desk(parts: Parts) -> Desk:
    return parts.desk


async def test_a_dataset_of_another_account_is_as_one_that_is_not_there(desk: Desk) -> None:
    mine = await desk.dataset()
    for wrong in (mine.id, str(uuid4())):
        with pytest.raises(NotFound, match="dataset"):
            await desk.known.datasets.get(wrong, OTHER)
    theirs = await desk.dataset("books", OTHER)
    document = await desk.document(theirs)
    with pytest.raises(NotFound):
        await desk.known.documents.get(mine, document.id)
    assert await desk.found("lock_timeout", mine) == []
    assert [one.dataset.id for one in (await desk.known.datasets.shelves(LOCAL))[0]] == [mine.id]
    tag = await desk.known.datasets.create_tag(OTHER, "t")
    with pytest.raises(NotFound, match="tag"):
        await desk.known.datasets.bind(mine, LOCAL, [tag.id])
    with pytest.raises(NameTaken):
        await desk.dataset()


async def test_an_app_reads_the_handbook_and_what_is_attached_to_it_alone(parts: Parts) -> None:
    desk, callers = parts
    helpdesk, ops = [await callers.sign_in((await callers.create(app=app)).secret) for app in ("helpdesk", "ops")]
    reading = Reading(Manual(desk.known.library), desk.known.datasets)
    zebras, lions = await desk.dataset("zebras"), await desk.dataset("lions")
    await desk.document(zebras, "zebra", "The zebractl command promotes the zebra standby.")
    await desk.document(lions, "lion", "The lionctl command promotes the lion standby.")

    async def read(caller: Caller, query: str) -> set[str]:
        found = await reading.of(Question(text=query, caller=caller, api="test"))(query, "en")
        return {one.library_name for one in found}

    assert "zebras" not in await read(helpdesk, "zebractl zebra")
    await desk.known.datasets.attach(zebras, "helpdesk")
    assert await read(helpdesk, "zebractl zebra") == {"zebras"}
    assert "lions" not in await read(helpdesk, "lionctl lion")
    assert "zebras" not in await read(ops, "zebractl zebra")
    assert "zebras" not in await read(LOCAL, "zebractl zebra")
    assert await read(helpdesk, "How do I add an index without blocking writes?") == {"dbmedic handbook"}
    (segment,) = (await desk.known.passages.page((await desk.known.documents.page(zebras))[0][0]))[0]
    assert segment.hits == 1
    with pytest.raises(InUse, match="helpdesk"):
        await desk.known.datasets.delete(zebras)
    with pytest.raises(NotFound, match="app"):
        await desk.known.datasets.attach(zebras, "nobody")
    await desk.known.datasets.detach(zebras, "helpdesk")
    assert "zebras" not in await read(helpdesk, "zebractl zebra")


async def test_what_is_queued_is_not_deleted_under_the_indexer(desk: Desk) -> None:
    dataset = await desk.dataset()
    document = await desk.document(dataset)
    row = {"id": document.id, "digest": document.digest, "error": None, "total": 1, "now": 1}
    await desk.store.write(("document_status", {**row, "status": "indexing"}))
    busy = await desk.known.documents.get(dataset, document.id)
    with pytest.raises(Indexing):
        await desk.known.documents.delete(busy)
    with pytest.raises(Indexing):
        await desk.known.documents.switch(dataset, [document.id], "disable", "me")
    assert await desk.found("lock_timeout", dataset) == [TEXT]


async def test_new_passages_are_found_all_at_once(desk: Desk) -> None:
    """A crash after some of them leaves the old text, and nothing twice after the next start."""
    dataset = await desk.dataset()
    document = await desk.document(dataset, text="\n\n".join(f"old{n} {'x' * 1300}" for n in range(10)))
    new = "\n\n".join(f"new{n} {'x' * 1300}" for n in range(10))
    desk.known.library.queued = lambda: None
    await desk.known.documents.update(document, text=new)
    (job,) = await desk.store.read("index_job_next")
    written = 0

    async def dying(*writes: object) -> list[list[dict[str, object]]]:
        nonlocal written
        written += 1
        if written == 4:
            raise SystemError("the process ends here")
        return await Sqlite.write(desk.store, *writes)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(desk.store, "write", dying)
        with pytest.raises(SystemError):
            await desk.known.indexer._job(job)
    assert written == 4, "the new passages were staged, and not published"
    assert len(await desk.found("old3", dataset)) == 1
    assert await desk.found("new3", dataset) == []
    desk.known.indexer.wake()
    await desk.known.indexer.idle()
    assert await desk.found("old3", dataset) == []
    assert len(await desk.found("new3", dataset)) == 1
    assert (await desk.known.documents.get(dataset, document.id)).segments == 20


async def test_an_archived_document_is_left_as_it_is(desk: Desk) -> None:
    dataset = await desk.dataset()
    document = await desk.document(dataset)
    await desk.known.documents.switch(dataset, [document.id, str(uuid4())], "archive", "me")
    archived = await desk.known.documents.get(dataset, document.id)
    with pytest.raises(Archived):
        await desk.known.documents.update(archived, text="other")
    with pytest.raises(Archived):
        await desk.known.documents.delete(archived)
    await desk.known.indexer.idle()
    assert await desk.found("lock_timeout", dataset) == []


async def test_a_document_that_is_switched_off_while_it_is_indexed_is_not_found(desk: Desk) -> None:
    dataset = await desk.dataset()
    document = await desk.document(dataset)
    await desk.known.documents.switch(dataset, [document.id], "disable", "me")
    off = await desk.known.documents.get(dataset, document.id)
    await desk.known.documents.update(off, text="Set statement_timeout as well.")
    await desk.known.indexer.idle()
    assert await desk.found("statement_timeout", dataset) == []
    await desk.known.documents.switch(dataset, [document.id], "enable", "me")
    await desk.known.indexer.idle()
    assert await desk.found("statement_timeout", dataset) == ["Set statement_timeout as well."]


async def test_passages_of_ones_own_stay_when_a_document_is_switched(desk: Desk) -> None:
    dataset = await desk.dataset()
    document = await desk.document(dataset)
    (added,) = await desk.known.passages.add(document, [Draft(text="by hand", keywords=("handmade",))])
    for action in ("disable", "enable"):
        await desk.known.documents.switch(dataset, [document.id], action, "me")
        await desk.known.indexer.idle()
    assert await desk.found("handmade", dataset) == ["by hand"]
    await desk.known.passages.update(document, added, enabled=False)
    assert await desk.found("handmade", dataset) == []


async def test_a_ticket_is_good_for_an_hour(desk: Desk) -> None:
    dataset = await desk.dataset()
    incoming = await desk.files.incoming()
    await incoming.write(b"text")
    file = await desk.known.documents.upload(LOCAL, incoming, "a.md", "text/plain")
    made = await desk.known.documents.create(dataset, "a", file=file, settings={}, details={})
    await desk.known.indexer.idle()
    document = await desk.known.documents.get(dataset, made.id)
    ticket = desk.known.documents.ticket(document, LOCAL.account)
    found, path = await desk.known.documents.ticketed(ticket)
    assert (found.id, path.read_bytes()) == (file.id, b"text")
    desk.at += timedelta(minutes=61)
    for wrong in (ticket, ticket[:-8], "x"):
        with pytest.raises(BadField):
            await desk.known.documents.ticketed(wrong)


async def test_a_search_without_words_finds_nothing(desk: Desk) -> None:
    dataset = await desk.dataset()
    await desk.document(dataset)
    assert await desk.found("the of and", dataset) == []
    assert await desk.known.library.search("lock", []) == []
    assert isinstance(desk.known.library, Library)


@pytest.mark.parametrize(
    ("operator", "value", "have", "met"),
    [
        ("contains", "b", "abc", True), ("not contains", "b", "abc", False), ("not contains", "b", None, True),
        ("end with", "c", "abc", True), ("is", "1", 1, True), ("is not", "x", None, True), ("is", "x", None, False),
        ("in", "a, b", "b", True), ("not in", ["a"], "b", True), ("empty", None, "", True),
        ("not empty", None, 0, True),
        ("=", "2", 2, True), ("≠", 2, 2, False), (">", 1, "no number", False), ("≥", 2, 2, True), ("<", 1, 0.5, True),
        ("after", 5, 6, True), ("before", 5, 6, False), ("=", None, 2, False),
    ],
)  # fmt: skip
def test_conditions_mean_what_they_say(operator: str, value: object, have: object, met: bool) -> None:
    assert meets(Condition(name="x", operator=operator, value=value), have) is met
