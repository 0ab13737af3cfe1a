"""What left for language models and what came back, word for word, sealed, and gone after a month.

Kept apart from the log of the turn, which is for good and which every API shows: see
`docs/why/016-masks-are-derived.md`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog
from msgspec import Struct

from dbmedic.assistant.secrets import Secrets
from dbmedic.core.errors import Failure
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import ModelRequest, Now, Store
from dbmedic.core.values import Call, Message, Piece, Reasoning, Text, Usage

logger = structlog.get_logger("dbmedic.traffic")

TOGETHER_S: Final = 0.05
KEPT: Final = timedelta(days=30)
MOST_CHARS: Final = 1 << 20
"""Of one request and of one reply; the rest is counted and left out."""
PACKED_BYTES: Final = 32 << 10
FORGET_EVERY: Final = 200
"""Requests between two looks for what is too old."""

_encode = msgspec.json.Encoder().encode


class Sent(Struct, frozen=True, kw_only=True):
    """A request.  Its first `same` messages are those of the request before it."""

    same: int
    messages: tuple[Message, ...]
    tools: tuple[str, ...]
    thinking: str | None = None
    left_out: int = 0
    """Characters over the limit."""


class Exchanged(Struct, frozen=True, kw_only=True):
    """One request with all its messages, and the reply."""

    reply: int
    at: datetime
    model: str
    messages: tuple[Message, ...]
    tools: tuple[str, ...]
    got: tuple[Piece, ...] | None
    """None: it was cut off before its end."""
    left_out: int = 0


class _Record:
    """A request, its reply, or both, on their way to the store."""

    __slots__ = ("at", "got", "model", "sent")

    def __init__(self) -> None:
        self.sent: Sent | None = None
        self.got: Sequence[Piece] | None = None
        self.at, self.model = 0, ""


Key = tuple[str, int, int]
"""turn, reply, try"""


class Traffic:
    """The record of one store."""

    def __init__(self, store: Store, secrets: Secrets, *, now: Now) -> None:
        self._store, self._secrets, self._now = store, secrets, now
        self._waiting: dict[Key, _Record] = {}
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._count = 0

    def of(self, turn: str) -> Line:
        """The record of one turn that runs here."""
        return Line(self, turn)

    def sent(self, key: Key, model: str, sent: Sent) -> None:
        """Puts a request on its way; nothing waits for it, so it waits for company, of all turns, and for its reply."""
        record = self._record(key)
        record.sent, record.model, record.at = sent, model, micros(self._now())

    def got(self, key: Key, pieces: Sequence[Piece]) -> None:
        """The same for a reply."""
        self._record(key).got = pieces

    def _record(self, key: Key) -> _Record:
        record = self._waiting.get(key)
        if record is None:
            record = self._waiting[key] = _Record()
            if self._task is None:
                self._task = asyncio.create_task(self._work(), name="model traffic")
        return record

    async def _work(self) -> None:
        """Until nothing waits.  Packing and sealing are done beside the event loop, one batch after the other."""
        try:
            while self._waiting:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TOGETHER_S):
                        await self._hurry.wait()
                records, self._waiting = self._waiting, {}
                writes = await asyncio.to_thread(self._writes, records)
                before, self._count = self._count, self._count + len(records)
                if not before or before // FORGET_EVERY != self._count // FORGET_EVERY:
                    writes.append(("traffic_forget", {"before": micros(self._now() - KEPT)}))
                await self._write(writes)
        finally:
            self._task = None

    def _writes(self, records: Mapping[Key, _Record]) -> list[tuple[str, dict[str, Any]]]:
        writes: list[tuple[str, dict[str, Any]]] = []
        for (turn, reply, number), record in records.items():
            place = _place(turn, reply, number)
            fields: dict[str, Any] = {"turn": turn, "reply": reply, "try": number, "got": None}
            if record.got is not None:
                fields["got"] = self.sealed(_encode(joined(record.got)), f"{place}:got")
            if record.sent is None:
                writes.append(("traffic_got", fields))
            else:
                fields["sent"] = self.sealed(_encode(record.sent), f"{place}:sent")
                writes.append(("traffic_put", {**fields, "at": record.at, "model": record.model}))
        return writes

    async def _write(self, writes: Sequence[tuple[str, dict[str, Any]]]) -> None:
        try:
            await self._store.write(*writes)
        except Failure as failure:
            if len(writes) > 1:  # one that is refused must not take the others with it
                for each in writes:
                    await self._write([each])
            else:
                logger.warning("model traffic not kept", error=str(failure))

    async def end(self) -> None:
        """Returns when all is on disk."""
        while (task := self._task) is not None:
            self._hurry.set()
            await asyncio.wait([task])
        self._hurry.clear()

    async def shown(self, turn: str) -> list[Exchanged]:
        """All requests of a turn with their replies, in order.  Empty where nothing left, or nothing is kept."""
        await self.end()
        found: list[Exchanged] = []
        before: tuple[Message, ...] = ()
        for row in await self._store.read("traffic_of_turn", turn=turn):
            place = _place(turn, row["reply"], row["try"])
            sent = msgspec.json.decode(self._opened(row["sent_sealed"] or row["sent"], f"{place}:sent"), type=Sent)
            reply = row["got_sealed"] or row["got"]
            got = reply and msgspec.json.decode(self._opened(reply, f"{place}:got"), type=tuple[Piece, ...])
            before = (*before[: sent.same], *sent.messages)
            found.append(
                Exchanged(
                    reply=row["reply"],
                    at=moment(row["at"]),
                    model=row["model"],
                    messages=before,
                    tools=sent.tools,
                    got=got,
                    left_out=sent.left_out,
                )
            )
        return found

    def sealed(self, text: bytes, place: str) -> bytes:
        """Packed only where that pays: setting the packer up takes longer than most records."""
        return self._secrets.seal_bytes(text if len(text) < PACKED_BYTES else zlib.compress(text, 1), place)

    def _opened(self, sealed: bytes | str, place: str) -> bytes:
        """What was written as text is older."""
        if isinstance(sealed, str):
            kept = base64.b64decode(self._secrets.open(sealed, place))
        else:
            kept = self._secrets.open_bytes(sealed, place)
        return kept if kept[:1] in (b"{", b"[") else zlib.decompress(kept)


class Line:
    """What one turn sends, request by request; only what is new in a transcript is kept with each."""

    def __init__(self, traffic: Traffic, turn: str) -> None:
        self._traffic, self._turn = traffic, turn
        self._before: tuple[Message, ...] = ()
        self._tries: dict[int, int] = {}

    def sent(self, model: str, request: ModelRequest) -> tuple[int, int]:
        """Keeps a request that is about to leave; returns what its reply is kept by."""
        pairs = zip(self._before, request.messages, strict=False)
        same = next((at for at, (one, other) in enumerate(pairs) if one != other), min(
            len(self._before), len(request.messages)
        ))  # fmt: skip
        messages, left_out = _bounded(request.messages[same:])
        self._before = request.messages if not left_out else ()
        number = self._tries[request.reply] = self._tries.get(request.reply, 0) + 1
        sent = Sent(
            same=same,
            messages=messages,
            tools=tuple(tool.name for tool in request.tools),
            thinking=request.question.thinking,
            left_out=left_out,
        )
        self._traffic.sent((self._turn, request.reply, number), model, sent)
        return request.reply, number

    def got(self, key: tuple[int, int], pieces: Sequence[Piece]) -> None:
        """Keeps the reply to a request, as the model said it."""
        self._traffic.got((self._turn, *key), pieces)


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The same reply in as few pieces as it can be."""
    texts: list[str] = []
    thoughts: list[str] = []
    rest: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Text):
            texts.append(piece.text)
        elif isinstance(piece, Reasoning):
            thoughts.append(piece.text)
        elif isinstance(piece, (Call, Usage)):
            rest.append(piece)
    found: list[Piece] = []
    if thought := "".join(thoughts):
        found.append(Reasoning(thought[:MOST_CHARS]))
    if said := "".join(texts):
        found.append(Text(said[:MOST_CHARS]))
    return found + rest


def _bounded(messages: Sequence[Message]) -> tuple[tuple[Message, ...], int]:
    """Messages up to the limit, pictures left out; and how many characters that left out."""
    if sum(len(one.text) for one in messages) <= MOST_CHARS and not any(one.images for one in messages):
        return tuple(messages), 0
    kept, room, out = [], MOST_CHARS, 0
    for one in messages:
        text = one.text[:room]
        out += len(one.text) - len(text) + sum(map(len, one.images))
        room -= len(text)
        pictures = tuple(f"(a picture of {len(url)} characters)" for url in one.images)
        kept.append(msgspec.structs.replace(one, text=text, images=pictures))
    return tuple(kept), out


def _place(turn: str, reply: int, number: int) -> str:
    return f"model_traffic:{turn}:{reply}:{number}"
