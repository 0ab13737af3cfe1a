"""A turn's entries as a Dify stream, and a stream taken apart again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dbmedic.api.dify.frames import Writer
from dbmedic.api.dify.projection import Projection
from dbmedic.core.events import Entry


def streamed(entries: Iterable[Entry]) -> bytes:
    """All frames of a turn."""
    writer = Writer()
    projection = Projection(writer)
    for entry in entries:
        projection.feed(entry)
    return writer.take()


def frames(stream: bytes) -> list[dict[str, Any]]:
    """The JSON events of a stream, in the way of a client that knows nothing but `data: ` lines."""
    *events, rest = stream.decode().split("\n\n")
    assert rest == "", "a stream ends with a whole frame"
    return [json.loads(event.removeprefix("data: ")) for event in events if event != "event: ping"]


def text_of(events: Iterable[dict[str, Any]]) -> str:
    """The answer as a client puts it together."""
    return "".join(event["answer"] for event in events if event["event"] == "message")
