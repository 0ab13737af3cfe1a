"""How well the shipped knowledge is found, and how long a search takes as a library grows.

    python bench/knowledge.py [--big] [segments ...]

First the checked-in questions of tests/knowledge with nothing configured: how often the right page comes first, and is
among the first three.  Then libraries of so many passages (10 000 and 100 000 unless told, with --big 1 000 000 too)
with words as rare as in natural text: indexing rate, size of the file, time of a search, of one narrowed to a tenth of
the documents, and of the nearest signs of vectors; and by how much the time grew where the library grew tenfold.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "knowledge"))

from asked import ask_all

from dbmedic.knowledge.indexing import Indexer
from dbmedic.knowledge.kept import Dataset
from dbmedic.knowledge.library import Library
from dbmedic.knowledge.vectors import _nearest, _Signs
from dbmedic.store.sqlite import open_store

WORDS = 20_000
EACH = 500
"""Passages in one document."""


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid4())


async def quality() -> None:
    store = await open_store(None)
    asked = await ask_all(store)
    await store.close()
    for language in ("en", "zh"):
        of = [one for one in asked if one.language == language]
        first, three = (sum(one.within(n) for one in of) for n in (1, 3))
        print(f"{language}: {len(of)} questions, right page first {first}, among the first three {three}")
    print(f"all: {sum(one.within(3) for one in asked)} of {len(asked)} among the first three")


def passage(dice: random.Random) -> str:
    """Fifty words whose frequencies fall as in natural text (Zipf)."""
    return " ".join(f"word{int(WORDS ** dice.random())}" for _ in range(50)) + "."


async def size(segments: int, folder: Path) -> float:
    """Prints, and returns the median time of a search in milliseconds."""
    path = folder / f"{segments}.db"
    store = await open_store(path)
    indexer = Indexer(store, now=now, new_id=new_id)
    library = Library(store, now=now, new_id=new_id)
    dataset: Dataset = await library.create("bench", "bench")
    dice = random.Random(1)
    for number in range(segments // EACH):
        text = "\n\n".join(passage(dice) for _ in range(EACH))
        await library.add(dataset, f"document {number}", text, settings={"separator": "\n\n", "limit": 90})
    begun = time.perf_counter()
    indexer.wake()
    await indexer.idle()
    took = time.perf_counter() - begun
    documents = [row["id"] for row in await store.read("document_digests", dataset=dataset.id)]
    whole, narrow = [], []
    for _ in range(60):
        query = " ".join(f"word{int(WORDS ** dice.random())}" for _ in range(6))
        whole.append(await timed(library.search(query, [dataset])))
        narrow.append(await timed(library.search(query, [dataset], within=documents[::10])))
    p50, p95 = statistics.median(whole), sorted(whole)[int(len(whole) * 0.95)]
    rate, mib = segments / took, path.stat().st_size / 2**20
    print(
        f"{segments} passages: indexed {rate:.0f}/s, {mib:.0f} MiB, search p50 {p50:.1f} ms, p95 {p95:.1f} ms, "
        f"within a tenth p50 {statistics.median(narrow):.1f} ms, signs {signs(segments, dice):.1f} ms"
    )
    await indexer.close()
    await store.close()
    return p50


async def timed(work: Awaitable[object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    await work
    return (time.perf_counter() - begun) * 1000


def signs(segments: int, dice: random.Random) -> float:
    """Milliseconds of finding the nearest of so many vectors of 384 numbers by their signs."""
    ids = [str(number) for number in range(segments)]
    known = _Signs(ids, ids, [dice.getrandbits(384) for _ in ids])
    begun = time.perf_counter()
    _nearest(known, dice.getrandbits(384), None)
    return (time.perf_counter() - begun) * 1000


async def main(sizes: list[int]) -> None:
    await quality()
    with tempfile.TemporaryDirectory() as folder:
        before = None
        for segments in sizes:
            took = await size(segments, Path(folder))
            if before is not None:
                print(f"{segments / before[0]:.0f} times as many passages: {took / before[1]:.1f} times as long")
            before = segments, took


if __name__ == "__main__":
    big = [1_000_000] if "--big" in sys.argv else []
    asyncio.run(main([int(one) for one in sys.argv[1:] if one != "--big"] or [10_000, 100_000, *big]))
