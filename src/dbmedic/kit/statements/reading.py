"""What reading a statement yields, whatever the dialect, and the lists of functions that the readers know."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["read", "write", "define", "administer", "unknown"]
MAX_CHARS = 200_000
"""Longer texts are refused unread."""


class Relation(NamedTuple):
    """A table, view or function in FROM, as written; CTEs are not among them."""

    schema: str | None
    name: str
    start: int = -1
    """Offset in bytes of the UTF-8 text where the name begins; -1 where the dialect's reader does not know it."""


class Reading(NamedTuple):
    kind: Kind
    refusal: str | None
    """Why a read-only session must not run it, as a sentence without a full stop; None for a harmless read."""
    relations: tuple[Relation, ...] = ()
    functions: tuple[Relation, ...] = ()


@cache
def functions(family: str) -> dict[str, frozenset[str]]:
    """The lists of `<family>_functions.toml`: heading -> names."""
    text = Path(__file__).with_name(f"{family}_functions.toml").read_text("utf-8")
    return {heading: frozenset(names.split()) for heading, names in tomllib.loads(text).items()}
