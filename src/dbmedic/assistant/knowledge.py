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
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.knowledge.indexing import Indexer
from dbmedic.knowledge.library import Library


class Knowledge(NamedTuple):
    library: Library
    datasets: Datasets
    documents: Documents
    passages: Passages
    labels: Labels
    retrieval: Retrieval
    indexer: Indexer


def knowledge(store: Store, files: Files, secrets: Secrets, *, now: Now, new_id: NewId) -> Knowledge:
    """Its parts over a store; nothing is indexed before the indexer was woken once."""
    indexer = Indexer(store, now=now, new_id=new_id, read=files.whole)
    library = Library(store, now=now, new_id=new_id, queued=indexer.wake)
    labels = Labels(store, now=now, new_id=new_id)
    return Knowledge(
        library=library,
        datasets=Datasets(store, library, now=now, new_id=new_id),
        documents=Documents(store, library, files, secrets, now=now),
        passages=Passages(store, library, now=now, new_id=new_id),
        labels=labels,
        retrieval=Retrieval(store, library, labels),
        indexer=indexer,
    )
