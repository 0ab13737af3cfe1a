"""The phrases for what somebody pasted, from `pasted.toml` and `evidence.toml`, in the reader's language."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from dbmedic.core import lang
from dbmedic.kit.english import singular


def say(language: str, key: str, **fields: str) -> str:
    """One phrase, filled; English in a language we do not speak."""
    tag = lang.best(language) or "en"
    text = _table()[tag][key].format(**fields)
    return singular(text) if tag == "en" else text


@cache
def _table() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in ("pasted.toml", "evidence.toml"):
        text = (Path(__file__).parent / name).read_text("utf-8")
        for tag, phrases in tomllib.loads(text).items():
            found.setdefault(tag, {}).update(phrases)
    return found
