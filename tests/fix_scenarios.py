"""The event logs that every API is tested with, and the golden files of what it says to them.

A line of `scenarios/<name>.jsonl` is an `Entry` as followers see it live; what the store keeps are the lines whose
event is not live only.  `python tests/fix_scenarios.py` writes the golden files anew; review their diff like code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from dbmedic.core.events import LIVE_ONLY, Entry

TESTS = Path(__file__).parent
SCENARIOS = sorted(path.stem for path in (TESTS / "scenarios").glob("*.jsonl"))
LISTED_WITHOUT = ("Measured", "Checked", "Found", "Skipped", "ToolReturned")
"""Kinds of events that a list of messages is folded without."""


def live(name: str) -> list[Entry]:
    """Everything a follower of the running turn sees."""
    lines = (TESTS / "scenarios" / f"{name}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Entry) for line in lines]


def kept(entries: Sequence[Entry]) -> list[Entry]:
    """What the store has of it."""
    return [entry for entry in entries if not isinstance(entry.event, LIVE_ONLY)]


def listed(entries: Sequence[Entry]) -> list[Entry]:
    """What the history of a conversation is read from."""
    return [entry for entry in kept(entries) if type(entry.event).__name__ not in LISTED_WITHOUT]


def golden(api: str, name: str) -> Path:
    return TESTS / "golden" / api / f"{name}.txt"


if __name__ == "__main__":
    from api.dify.playing import streamed

    for scenario in SCENARIOS:
        golden("dify", scenario).write_bytes(streamed(live(scenario)))
