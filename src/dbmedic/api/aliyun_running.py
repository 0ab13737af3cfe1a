"""A running turn as the answer of a call that may stream: frames as they come, or one object at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from dbmedic.api.aliyun_gate import Asked
from dbmedic.api.aliyun_reply import KEEP_ALIVE, Fault, ascii_json, frame, reply_headers
from dbmedic.api.aliyun_turn import failure
from dbmedic.api.http import Reply
from dbmedic.api.stream import Stream
from dbmedic.assistant.live import Running
from dbmedic.core.events import LIVE_ONLY, Entry

SILENCE_S: Final = 4.0
"""Longest silence: the SDKs give up after ten seconds without a byte."""
PATIENCE_S: Final = 4.0
"""How long a question waits for the turn before it in its conversation, before it is told to come again."""


class Projects(Protocol):
    """A projection: entries in, frames out."""

    def feed(self, entry: Entry) -> Iterator[Any]: ...

    def end(self) -> Iterator[Any]: ...


async def told(
    running: Running,
    asked: Asked,
    projection: Projects,
    whole: Callable[[Sequence[Entry]], Any],
    broken: Callable[[Fault], Any],
    *,
    since: int = 0,
) -> Reply | Stream:
    """The turn as a stream of the projection's frames, or as the one object that `whole` makes of its kept entries.

    `broken` is the frame that tells a fault of ours in the middle; frames of entries before number `since` are left
    out of a stream.  Raises `Fault` for a turn that failed before
    anything had to be sent.
    """
    headers = tuple(reply_headers(asked.request_id))
    last_words = broken(Fault("InternalError"))
    if asked.form == "sse":
        return Stream(
            _frames(running, projection, since),
            headers=headers[1:],
            ping=KEEP_ALIVE,
            ping_s=SILENCE_S,
            broken=b"data: %b\n\n" % ascii_json(last_words),
        )
    try:
        async with asyncio.timeout(SILENCE_S):
            await running.closed.wait()
    except TimeoutError:
        body = _later(running, whole)
        return Stream(body, base=headers, ping=b" ", ping_s=SILENCE_S, broken=ascii_json(last_words))
    if (fault := failure(running.entries)) is not None:
        raise fault
    return Reply(200, ascii_json(whole(kept(running))), headers)


def kept(running: Running) -> list[Entry]:
    """A turn's entries as a history would read them."""
    return [entry for entry in running.entries if not isinstance(entry.event, LIVE_ONLY)]


async def _frames(running: Running, projection: Projects, since: int) -> AsyncIterator[bytes]:
    """One frame at a time: a client may lose one that is cut between two chunks."""
    number = 0
    async for batch in running.batches():
        for entry in batch:
            for each in projection.feed(entry):
                if entry.seq >= since:
                    number += 1
                    yield frame(number, each)
    for each in projection.end():
        number += 1
        yield frame(number, each)


async def _later(running: Running, whole: Callable[[Sequence[Entry]], Any]) -> AsyncIterator[bytes]:
    """The object of a turn that takes long; blanks go before it, which JSON does not mind."""
    yield b" "
    await running.closed.wait()
    yield ascii_json(whole(kept(running)))
