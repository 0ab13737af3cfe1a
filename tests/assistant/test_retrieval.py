"""Searching by words and by meaning, with an embedding and a rerank service and without."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

import pytest

from dbmedic.assistant.accounts import LOCAL, first_start
from dbmedic.assistant.files import Files
from dbmedic.assistant.knowledge import Knowledge, knowledge
from dbmedic.assistant.labels import Condition
from dbmedic.assistant.retrieval import Search
from dbmedic.assistant.secrets import Secrets
from dbmedic.core.errors import ModelDown
from dbmedic.knowledge.kept import Dataset
from dbmedic.models.embeddings import HttpReranker, OpenaiEmbedder
from dbmedic.store.sqlite import Sqlite, open_store
from models.meaning import Service, meaning

TEXTS = {
    "cars": "The automobile does not start.",
    "disks": "Clean the storage volume.",
    "lag": "The replica shows latency behind the primary server, which is seen in its status.",
}


class Shelf(NamedTuple):
    known: Knowledge
    dataset: Dataset
    store: Sqlite

    async def found(self, query: str, **search: object) -> list[str]:
        hits = await self.known.retrieval.find(query, [self.dataset], Search(**search))  # type: ignore[arg-type]
        return [hit.document.name for hit in hits]


@asynccontextmanager
async def shelf(service: Service | None, texts: dict[str, str] | None = None) -> AsyncIterator[Shelf]:
    def now() -> datetime:
        return datetime.now(UTC)

    def new_id() -> str:
        return str(uuid4())

    store, secrets = await open_store(None), Secrets(os.urandom(32), os.urandom)
    await first_start(store, secrets, max_turns=4, now=now, new_id=new_id)
    files = Files(store, None, now=now, new_id=new_id)
    embedder = OpenaiEmbedder(service.url, "small", "secret") if service else None
    reranker = HttpReranker(service.url, "rank") if service else None
    known = knowledge(store, files, secrets, now=now, new_id=new_id, embedder=embedder, reranker=reranker)
    dataset = await known.datasets.create(LOCAL, "books", "", {})
    for name, text in (texts or TEXTS).items():
        await known.documents.create(dataset, name, text, settings={}, details={})
    await known.indexer.idle()
    try:
        yield Shelf(known, dataset, store)
    finally:
        await known.close()
        await files.close()
        await store.close()


async def test_what_means_the_same_is_found_where_no_word_is() -> None:
    async with meaning() as service, shelf(service) as books, shelf(None) as bare:
        assert await books.found("vehicle", method="semantic_search", most=1) == ["cars"]
        assert (await books.found("why is the 磁盘 gone", method="semantic_search", most=1)) == ["disks"]
        assert (await books.found("vehicle", method="hybrid_search"))[0] == "cars"
        assert await books.found("vehicle", method="full_text_search") == []
        assert await bare.found("vehicle", method="semantic_search") == []
        assert await bare.found("automobile", method="semantic_search") == ["cars"]
        assert books.known.retrieval.models("text-embedding") == ("small",)
        assert books.known.retrieval.models("rerank") == ("rank",)
        assert bare.known.retrieval.models("rerank") == ()


async def test_a_score_says_how_near_a_passage_is() -> None:
    async with meaning() as service, shelf(service) as books:
        near = await books.known.retrieval.find("vehicle", [books.dataset], Search(method="semantic_search"))
        assert near[0].score > 0.99
        assert all(0 <= hit.score <= 1 for hit in near)
        assert await books.found("vehicle", method="semantic_search", least=0.9) == ["cars"]
        half = await books.known.retrieval.find("automobile", [books.dataset], Search(method="hybrid_search"))
        assert half[0].score > 0.99
        words = await books.known.retrieval.find("vehicle", [books.dataset], Search(meaning=0.2))
        assert 0.19 < words[0].score < 0.21


async def test_each_passage_is_embedded_once_and_again_when_it_changed() -> None:
    async with meaning() as service, shelf(service) as books:
        assert sorted(service.asked) == sorted(TEXTS.values())
        (lag,) = [one for one in (await books.known.documents.page(books.dataset))[0] if one.name == "lag"]
        await books.known.documents.update(lag, text=TEXTS["lag"] + "\n\n# Way out\n\nDrive a vehicle.")
        await books.known.indexer.idle()
        assert len(service.asked) == len(TEXTS) + 1, "the passage that stayed keeps its vector"
        assert set(await books.found("automobile", method="semantic_search", most=2)) == {"cars", "lag"}
        await books.known.documents.delete(await books.known.documents.get(books.dataset, lag.id))
        assert await books.found("automobile", method="semantic_search", least=0.5) == ["cars"]


async def test_documents_that_are_off_or_filtered_out_are_not_found_by_meaning() -> None:
    async with meaning() as service, shelf(service) as books:
        documents = {one.name: one for one in (await books.known.documents.page(books.dataset))[0]}
        only = (Condition(name="document_name", operator="is", value="disks"),)
        assert await books.found("vehicle", method="semantic_search", conditions=only) == ["disks"]
        await books.known.documents.switch(books.dataset, [documents["cars"].id], "disable", "me")
        assert "cars" not in await books.found("vehicle", method="semantic_search")
        await books.known.documents.switch(books.dataset, [documents["cars"].id], "enable", "me")
        assert (await books.found("vehicle", method="semantic_search"))[0] == "cars"


async def test_a_reranker_has_the_last_word_when_it_is_asked() -> None:
    async with meaning() as service, shelf(service) as books:
        query = "automobile latency of the replica server status"
        assert (await books.found(query))[0] == "lag"
        assert (await books.found(query, rerank=True))[0] == "disks"
        (best, *_) = await books.known.retrieval.find(query, [books.dataset], Search(rerank=True))
        assert 0.99 < best.score <= 1
        service.status = 500
        assert (await books.found(query, rerank=True))[0] == "lag", "without it the order stays"


async def test_a_service_that_fails_leaves_words_and_is_asked_again_at_the_next_start() -> None:
    async with meaning() as service:
        service.status = 503
        async with shelf(service) as books:
            statuses = {one.status for one in (await books.known.documents.page(books.dataset))[0]}
            assert statuses == {"completed"}
            assert await books.found("automobile", method="semantic_search") == ["cars"]
            service.status = 200
            await books.known.begin()
            await books.known.indexer.idle()
            assert (await books.found("vehicle", method="semantic_search"))[0] == "cars"
            assert await books.known.vectors.catch_up() == 0  # type: ignore[union-attr]


async def test_the_nearest_of_many_is_found() -> None:
    texts = {f"page {n}": f"filler number {n}" for n in range(300)} | {"cars": "An automobile."}
    async with meaning() as service, shelf(service, texts) as books:
        assert await books.found("vehicle", method="semantic_search", least=0.5) == ["cars"]


@pytest.mark.parametrize("status", [401, 500])
async def test_what_a_service_says_is_in_the_error(status: int) -> None:
    async with meaning() as service:
        service.status = status
        embedder = OpenaiEmbedder(service.url, "small")
        with pytest.raises(ModelDown, match=f"answered {status}: no more"):
            await embedder.embed(["x"])
        await embedder.close()
    nobody = HttpReranker("http://127.0.0.1:9/v1", "rank")
    with pytest.raises(ModelDown, match="could not be asked"):
        await nobody.rank("q", ["x"])
    await nobody.close()
