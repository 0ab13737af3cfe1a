"""The audit: a hash chain over the logs of all turns that ended.

A turn's log has its question, model calls, tool calls, measured numbers, statements, approvals and answer.  Shortly
after it ends its rows become one link: a digest over them, `chain` over the link before and this digest.  A row that
is changed, added or taken away afterwards no longer fits its digest; a link that is, no longer fits the chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from dbmedic.core.digest import Digest, digest
from dbmedic.core.errors import Bug, OutsideFailed
from dbmedic.core.log import micros
from dbmedic.core.ports import Now, Store
from dbmedic.core.values import Row

START: Final = "0" * 64
"""What the first link is chained to."""
BATCH: Final = 200
"""Links that are added at once."""
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


def chained(before: str, turn: str, own: str) -> str:
    return hashlib.sha256(f"{before}\n{turn}\n{own}".encode()).hexdigest()


class Audit:
    """The chain of one store."""

    def __init__(self, store: Store, *, now: Now) -> None:
        self._store, self._now = store, now
        self._known: dict[str, Digest] = {}

    async def seal(self, *, leave_s: float = 0) -> int:
        """Adds links for the turns that ended since; returns how many.  Safe in several processes.

        What ended within `leave_s` and was said elsewhere is left to whoever said it, who need not read it again.
        """
        sealed = 0
        while turns := await self._store.read("audit_unsealed", limit=BATCH):
            digests = await self._digests(turns, micros(self._now()) - int(leave_s * 1e6))
            links = [(turn, own) for turn in turns if (own := digests.get(turn["id"])) is not None]
            if not links or not await self._add(turns, links):
                break
            self._known.clear()
            sealed += len(links)
            if len(turns) < BATCH:
                break
        return sealed

    async def _digests(self, turns: Sequence[Row], until: int) -> dict[str, Digest]:
        """Of these turns, but for those that ended after `until` and whose logs would have to be read."""
        self._known = known = {
            turn["id"]: own for turn in turns if (own := self._known.get(turn["id"]) or self._store.digest(turn["id"]))
        }
        unknown = [turn["id"] for turn in turns if turn["id"] not in known and turn["closed_at"] <= until]
        if not unknown:
            return known
        rows = await self._rows(unknown)
        return known | {turn: _digest(rows.get(turn, ())) for turn in unknown}

    async def _add(self, turns: Sequence[Row], links: Sequence[tuple[Row, Digest]]) -> bool:
        """Whether the links are in the chain; somebody else may have been faster."""
        head = await self._store.read("audit_head")
        last, chain = (head[0]["position"], head[0]["chain"]) if head else (0, START)
        listed = []
        for position, (turn, own) in enumerate(links, last + 1):
            chain = chained(chain, turn["id"], own.hex)
            listed.append((position, turn["id"], turn["account"], own.rows, own.hex, chain))
        text = msgspec.json.encode(listed).decode()
        at = micros(self._now())
        try:
            await self._store.write(("audit_put", {"links": text, "at": at}), ("audit_sealed", {"links": text}))
        except (OutsideFailed, Bug):
            left = await self._store.read("audit_unsealed", limit=BATCH)
            if left == turns and await self._store.read("audit_head") == head:
                raise  # nobody else was faster: the store is at fault
            return False
        return True

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
                if _digest(own).hex != link["digest"]:
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


def _digest(rows: Iterable[Row]) -> Digest:
    return digest((row["turn"], row["seq"], row["at"], row["kind"], row["body"]) for row in rows)


def _changed(found: int, kept: int) -> str:
    if found != kept:
        return f"its log has {found} rows, {kept} were sealed"
    return "a row of its log was changed"
