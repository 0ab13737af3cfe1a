"""Scenarios as the streams of the three Alibaba Cloud products, and streams taken apart again.

`python tests/api/aliyun_playing.py` writes the golden files anew; review their diff like code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dbmedic.api import aliyun_agent
from dbmedic.api.aliyun_reply import frame
from dbmedic.api.das import chat, sse
from dbmedic.api.rdsai import projection as rdsai
from dbmedic.core.events import Entry

REQUEST = "FE9C65D7-930F-57A5-A207-8C39632924AC"
SESSION = "123e4567-e89b-12d3-a456-000000000001"

STREAMS: dict[tuple[str, str], Callable[[], Any]] = {
    ("rdsai", "inline"): lambda: rdsai.Projection("inline", REQUEST),
    ("rdsai", "separate"): lambda: rdsai.Projection("separate", REQUEST),
    ("polardb", "agent"): lambda: aliyun_agent.Projection("polardb", SESSION, REQUEST),
    ("das", "yaochi"): lambda: aliyun_agent.Projection("yaochi", SESSION, REQUEST),
    ("das", "chat"): lambda: chat.Projection(SESSION),
    ("das", "sse"): lambda: sse.Projection(SESSION, REQUEST),
}
"""Product and variant -> a fresh projection."""


def played(entries: Iterable[Entry], projection: Any) -> list[Any]:
    """All frames of a turn, as values."""
    found = [each for entry in entries for each in projection.feed(entry)]
    return [*found, *projection.end()]


def streamed(entries: Iterable[Entry], projection: Any) -> bytes:
    """All frames of a turn, as bytes."""
    return b"".join(frame(n, each) for n, each in enumerate(played(entries, projection), 1))


def parsed(stream: bytes) -> list[dict[str, Any]]:
    """The JSON of each frame, in the way of the strictest SDK."""
    *blocks, rest = stream.decode("ascii").split("\n\n")
    assert rest == "", "a stream ends with a whole frame"
    found = []
    for number, block in enumerate(blocks, 1):
        identity, name, data = block.split("\n")
        assert (identity, name) == (f"id: {number}", "event: message")
        assert data.startswith("data: {")
        found.append(json.loads(data.removeprefix("data: ")))
    return found


def golden(product: str, variant: str, scenario: str) -> Path:
    return Path(__file__).parent.parent / "golden" / product / f"{scenario}.{variant}.txt"


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(Path(__file__).parent.parent))
    from fix_scenarios import SCENARIOS, live

    for (product, variant), fresh in STREAMS.items():
        for scenario in SCENARIOS:
            golden(product, variant, scenario).write_bytes(streamed(live(scenario), fresh()))
