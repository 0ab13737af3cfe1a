"""Many turns that come first together read the playbooks once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dbmedic.assistant import playbooks
from dbmedic.assistant.playbooks import Playbooks


async def test_many_first_turns_read_them_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[object] = []

    def counted(*args: object) -> object:
        reads.append(args)
        return load(*args)  # type: ignore[arg-type]

    load = playbooks.load
    monkeypatch.setattr(playbooks, "load", counted)
    ours = Playbooks(tmp_path, ("diagnose", "measure"))
    found = await asyncio.gather(*(ours.all() for _ in range(16)))
    assert len(reads) == 1
    assert all(one is found[0] for one in found)
