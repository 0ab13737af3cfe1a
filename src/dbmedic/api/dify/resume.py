"""A stream that is taken up again: from a cursor, from a state in short, or from its first frame on.

A cursor is `seq.offset.frames`: the last kept event that was told, the characters of the answer said so far, and how
many frames of that event were sent.  It means the same for a turn that runs here
and for one that is read from the store, for text is cut by its offset and everything else by its number.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NamedTuple

from dbmedic.api.dify.frames import (
    Error,
    Frame,
    Frames,
    HumanInputFormFilled,
    HumanInputFormTimeout,
    HumanInputRequired,
    Ids,
    MessageEnd,
    MessageReplace,
    NodeEnd,
    NodeFinished,
    NodeStart,
    NodeStarted,
    ShortEnd,
    ShortNodeFinished,
    ShortNodeStarted,
    ShortStart,
    WorkflowEnd,
    WorkflowFinished,
    WorkflowPaused,
    WorkflowStart,
    WorkflowStarted,
    Writer,
)
from dbmedic.api.dify.projection import Projection
from dbmedic.api.dify.wire import invalid
from dbmedic.api.stream import Last
from dbmedic.core.events import ApprovalDecided, Entry, TurnClosed

_CURSOR = re.compile(r"(\d{1,9})(?:\.(\d{1,9})(?:\.(\d{1,9}))?)?", re.ASCII)
ALL = 1 << 30
END = 1 << 20
"""More frames than any event has: those of a turn's end are counted from here on."""


class Cursor(NamedTuple):
    """Where a reader got to."""

    seq: int = 0
    offset: int = 0
    frames: int = ALL


def cursor(text: str) -> Cursor:
    """A cursor as we sent it; "0" is the beginning.  Raises `Fault` 400."""
    found = _CURSOR.fullmatch(text.strip())
    if found is None:
        raise invalid("last_event_id: Input should be an id of this stream, or 0")
    seq, offset, frames = found.groups()
    return Cursor(int(seq), int(offset or 0), int(frames) if frames else ALL)


class Numbered(Writer):
    """`Writer` with an `id:` line before each frame, and without the frames up to a cursor."""

    def __init__(self, after: Cursor) -> None:
        super().__init__()
        self._after = after
        self._seq = self._sent = self._said = 0

    def at(self, seq: int) -> None:
        """The next frames tell the event of this number, or text that came after it."""
        if seq != self._seq:
            self._seq, self._sent = seq, 0

    def last(self) -> None:
        """The next frames are the end, and a cursor tells by itself whether they were heard.

        Its event may have the number of another one, or a smaller one, which a server that died told of and never kept.
        """
        if self._after.frames < END:
            self._after = self._after._replace(seq=0)
        elif self._after.frames < ALL:
            self._after = self._after._replace(seq=self._seq)
        self._sent = END

    def said(self, node: str, text: str) -> None:
        begin, self._said = self._said, self._said + len(text)
        rest = text[max(0, self._after.offset - begin) :]
        if rest:
            self._parts.append(b"id: %d.%d.%d\n" % (self._seq, self._said, self._sent))
            super().said(node, rest)

    def put(self, frame: Frame) -> None:
        self._sent += 1
        if (self._seq, self._sent) > (self._after.seq, self._after.frames):
            self._parts.append(b"id: %d.%d.%d\n" % (self._seq, self._said, self._sent))
            super().put(frame)


class Seen:
    """`Frames` that remembers what a run has done so far."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._started: list[NodeStart] = []
        self._ended: dict[str, NodeEnd] = {}
        self._tail: list[Frame] = []
        self._end: WorkflowEnd | None = None
        self._took_s = 0.0

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Seen:
        """A run by its log."""
        seen = cls()
        projection = Projection(seen)
        for entry in entries:
            projection.feed(entry)
        projection.end()
        seen._took_s = (entries[-1].at - entries[0].at).total_seconds()
        return seen

    def open(self, ids: Ids) -> None:
        self._ids = ids

    def said(self, node: str, text: str) -> None:  # noqa: ARG002 - the node is of no interest here
        self._said.append(text)

    def put(self, frame: Frame) -> None:
        match frame:
            case WorkflowStarted(data=start):
                self._start: WorkflowStart = start
            case NodeStarted(data=node):
                self._started.append(node)
            case NodeFinished(data=ended):
                self._ended[ended.id] = ended
            case WorkflowFinished(data=end):
                self._end = end
                self._tail.append(frame)
            case HumanInputFormFilled() | HumanInputFormTimeout():
                self._tail = [kept for kept in self._tail if not isinstance(kept, HumanInputRequired | WorkflowPaused)]
            case MessageEnd() | Error() | HumanInputRequired() | WorkflowPaused():
                self._tail.append(frame)
            case _:
                pass

    @property
    def _waits(self) -> bool:
        """Whether the run waits for a person."""
        return any(isinstance(frame, WorkflowPaused) for frame in self._tail)

    def detail(self) -> dict[str, Any]:
        """The run as `GET /workflows/run/{id}` shows it; times are seconds."""
        end = self._end
        return {
            "id": self._ids.run,
            "workflow_id": self._start.workflow_id,
            "status": end.status if end else "paused" if self._waits else "running",
            "inputs": self._start.inputs,
            "outputs": (end.outputs if end else None) or {},
            "error": end.error if end else None,
            "total_steps": len(self._started),
            "total_tokens": end.total_tokens if end else 0,
            "created_at": self._start.created_at,
            "finished_at": end.finished_at if end else None,
            "elapsed_time": end.elapsed_time if end else round(self._took_s, 6),
        }

    def shorten(self, out: Frames) -> None:
        """Puts the state so far: the start, the whole text, each node in its short form, the end if it came."""
        out.open(self._ids)
        out.put(WorkflowStarted(self._start))
        out.put(MessageReplace("".join(self._said), ""))
        for node in self._started:
            out.put(ShortNodeStarted(_short(ShortStart, node)))
            if (end := self._ended.get(node.id)) is not None:
                out.put(ShortNodeFinished(_short(ShortEnd, end)))
        for frame in self._tail:
            out.put(frame)


class _Relay:
    """`Frames` whose receiver is changed in the middle."""

    def __init__(self, to: Frames) -> None:
        self.to = to

    def open(self, ids: Ids) -> None:
        self.to.open(ids)

    def said(self, node: str, text: str) -> None:
        self.to.said(node, text)

    def put(self, frame: Frame) -> None:
        self.to.put(frame)


async def followed(batches: AsyncIterator[Sequence[Entry]], after: Cursor | None) -> AsyncIterator[bytes]:
    """A turn from its first frame on, or with ids from behind a cursor; as many frames at once as there are."""
    out = Writer() if after is None else Numbered(after)
    projection = Projection(out)
    async for batch in batches:
        _feed(projection, batch, out)
        if isinstance(batch[-1].event, TurnClosed):
            yield Last(out.take())
            return
        if piece := out.take():
            yield piece
    projection.end()
    if piece := out.take():
        yield piece


async def shortened(batches: AsyncIterator[Sequence[Entry]]) -> AsyncIterator[bytes]:
    """What has happened in short, then what happens."""
    out, seen = Writer(), Seen()
    relay = _Relay(seen)
    projection = Projection(relay)
    async for batch in batches:
        _feed(projection, batch, out)
        if relay.to is seen:
            seen.shorten(out)
            relay.to = out
        if piece := out.take():
            yield piece
    projection.end()
    if piece := out.take():
        yield piece


def _feed(projection: Projection, batch: Iterable[Entry], out: Writer) -> None:
    numbered = out if isinstance(out, Numbered) else None
    for entry in batch:
        if isinstance(entry.event, ApprovalDecided):
            projection.end()  # under the number of the entry before, as when it was live
        if numbered is not None:
            numbered.at(entry.seq)
            if isinstance(entry.event, TurnClosed):
                numbered.last()
        projection.feed(entry)


def _short(kind: type[Any], node: NodeStart | NodeEnd) -> Any:
    nulls = ("inputs", "process_data", "outputs", "execution_metadata")
    return kind(**{name: getattr(node, name) for name in kind.__struct_fields__ if name not in nulls})
