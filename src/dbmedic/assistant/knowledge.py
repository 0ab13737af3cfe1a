"""The knowledge base as one value: what its keepers do, what is found in it, and who indexes it in the background."""

from __future__ import annotations

from typing import NamedTuple

from dbmedic.assistant.datasets import Datasets
from dbmedic.assistant.documents import Documents
from dbmedic.assistant.files import Files
from dbmedic.assistant.labels import Labels
from dbmedic.assistant.passages import Passages
from dbmedic.assistant.retrieval import Retrieval
from dbmedic.assistant.secrets import Secrets
from dbmedic.core.ports import Embedder, NewId, Now, Reranker, Store
from dbmedic.knowledge.indexing import Indexer
from dbmedic.knowledge.library import Library
from dbmedic.knowledge.vectors import Vectors


class Knowledge(NamedTuple):
    library: Library
    datasets: Datasets
    documents: Documents
    passages: Passages
    labels: Labels
    retrieval: Retrieval
    indexer: Indexer
    vectors: Vectors | None
    services: tuple[Embedder | Reranker, ...]
    """Asked for vectors and ranks."""

    async def begin(self) -> None:
        """Goes on with what is queued, and with what has no vectors of this model."""
        if self.vectors is not None:
            await self.vectors.catch_up()
        self.indexer.wake()

    async def close(self) -> None:
        await self.indexer.close()
        for service in self.services:
            await service.close()


def knowledge(
    store: Store,
    files: Files,
    secrets: Secrets,
    *,
    now: Now,
    new_id: NewId,
    embedder: Embedder | None = None,
    reranker: Reranker | None = None,
) -> Knowledge:
    """Its parts over a store; nothing is indexed before `begin`."""
    vectors = Vectors(store, embedder, now=now) if embedder is not None else None
    embed = vectors.embed if vectors is not None else None
    indexer = Indexer(store, now=now, new_id=new_id, read=files.whole, embed=embed)
    library = Library(store, now=now, new_id=new_id, queued=indexer.wake)
    labels = Labels(store, now=now, new_id=new_id)
    return Knowledge(
        library=library,
        datasets=Datasets(store, library, now=now, new_id=new_id),
        documents=Documents(store, library, files, secrets, now=now),
        passages=Passages(store, library, now=now, new_id=new_id),
        labels=labels,
        retrieval=Retrieval(store, library, labels, vectors, reranker),
        indexer=indexer,
        vectors=vectors,
        services=tuple(one for one in (embedder, reranker) if one is not None),
    )
