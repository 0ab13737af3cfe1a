"""Statements from files: one a block, each under a line `--- what it is`."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def statements(path: str) -> list[pytest.ParameterSet]:
    """The blocks of `hostile/postgres.sql` and the like, as parameters named by their titles."""
    blocks: list[tuple[str, list[str]]] = []
    for line in (HERE / path).read_text().splitlines():
        if line.startswith("--- "):
            blocks.append((line.removeprefix("--- "), []))
        else:
            blocks[-1][1].append(line)
    return [pytest.param("\n".join(lines), id=title) for title, lines in blocks]
