"""The audit: a hash chain over the logs of all turns that ended.

A turn's log has its question, model calls, tool calls, measured numbers, statements, approvals and answer.  Shortly
after it ends its rows become one link: `digest` over them, `chain` over the link before and this digest.  A row that
is changed, added or taken away afterwards no longer fits its digest; a link that is, no longer fits the chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from dbmedic.core.errors import Bug, OutsideFailed
from dbmedic.core.log import micros
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Row

START: Final = "0" * 64
"""What the first link is chained to."""
BATCH: Final = 100
FIELDS: Final = ("turn", "seq", "at", "kind", "body")


class Broken(NamedTuple):
    """Where the chain does not hold."""

    position: int
    turn: str
    why: str


class Verified(NamedTuple):
    """What was looked at: links and rows that hold, turns that ended so lately that they have no link yet."""

    links: int
    rows: int
    unsealed: int
    broken: tuple[Broken, ...]
    head: str
    """The last chain value: written down elsewhere, it also shows that no links were taken from the end."""


def digest(rows: Iterable[Row]) -> str:
    """Over the rows of one turn, byte by byte, in their order."""
    hashed = hashlib.sha256()
    for row in rows:
        hashed.update(msgspec.json.encode([row[field] for field in FIELDS]) + b"\n")
    return hashed.hexdigest()


def chained(before: str, turn: str, own: str) -> str:
    return hashlib.sha256(f"{before}\n{turn}\n{own}".encode()).hexdigest()


class Audit:
    """The chain of one store."""

    def __init__(self, store: Store, *, now: Now) -> None:
        self._store, self._now = store, now

    async def seal(self) -> int:
        """Adds links for the turns that ended since; returns how many.  Safe in several processes."""
        turns = await self._store.read("audit_unsealed", limit=BATCH)
        if not turns:
            return 0
        rows = await self._rows([turn["id"] for turn in turns])
        head = await self._store.read("audit_head")
        position, chain = (head[0]["position"], head[0]["chain"]) if head else (0, START)
        at, writes = micros(self._now()), []
        for turn in turns:
            own = digest(rows.get(turn["id"], ()))
            chain, position = chained(chain, turn["id"], own), position + 1
            link = {
                "position": position,
                "turn": turn["id"],
                "account": turn["account"],
                "rows": len(rows.get(turn["id"], ())),
                "digest": own,
                "chain": chain,
                "at": at,
            }
            writes += [("audit_put", link), ("audit_sealed", {"turn": turn["id"]})]
        try:
            await self._store.write(*writes)
        except (OutsideFailed, Bug):
            left = await self._store.read("audit_unsealed", limit=BATCH)
            if left == turns and await self._store.read("audit_head") == head:
                raise  # nobody else was faster: the store is at fault
            return 0
        return len(turns)

    async def verify(self) -> Verified:
        """Computes every link again."""
        links = kept = 0
        chain, last = START, 0
        broken: list[Broken] = []
        async for batch, rows in self._batches():
            for link in batch:
                own = rows.get(link["turn"], ())
                links, kept = links + 1, kept + len(own)
                if link["position"] != last + 1:
                    broken.append(Broken(link["position"], link["turn"], f"the link after {last} is missing"))
                if digest(own) != link["digest"]:
                    broken.append(Broken(link["position"], link["turn"], _changed(len(own), link["rows"])))
                if chained(chain, link["turn"], link["digest"]) != link["chain"]:
                    broken.append(Broken(link["position"], link["turn"], "the link does not fit the one before it"))
                chain, last = link["chain"], link["position"]
        counts = (await self._store.read("audit_counts"))[0]
        if counts["sealed"] > counts["links"]:
            why = f"{counts['sealed'] - counts['links']} links were taken from the end"
            broken.append(Broken(last + 1, "", why))
        return Verified(links, kept, counts["unsealed"], tuple(broken), chain)

    async def export(self) -> AsyncIterator[Row]:
        """Every sealed row, each turn followed by its link; JSON-able."""
        async for batch, rows in self._batches():
            for link in batch:
                for row in rows.get(link["turn"], ()):
                    yield {field: row[field] for field in FIELDS} | {"body": msgspec.Raw(row["body"].encode())}
                yield {"link": link}

    async def _batches(self) -> AsyncIterator[tuple[Sequence[Row], dict[str, list[Row]]]]:
        after = 0
        while batch := await self._store.read("audit_links", after=after, limit=BATCH):
            yield batch, await self._rows([link["turn"] for link in batch])
            after = batch[-1]["position"]

    async def _rows(self, turns: Sequence[str]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        listed = msgspec.json.encode(turns).decode()
        for row in await self._store.read("events_of_turns", turns=listed, without="[]"):
            found.setdefault(row["turn"], []).append(row)
        return found


def _changed(found: int, kept: int) -> str:
    if found != kept:
        return f"its log has {found} rows, {kept} were sealed"
    return "a row of its log was changed"
