"""The phrases for what somebody pasted, from `pasted.toml` and `evidence.toml`, in the reader's language."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from dbmedic.core import lang


def say(language: str, key: str, **fields: str) -> str:
    """One phrase, filled; in the nearest relative of a language that lacks it, else in English."""
    table = _table()
    tag = lang.best(language) or "en"
    near = (tag, "zh-CN" if tag.startswith("zh") else "en", "en")
    return next(table[one][key] for one in near if key in table.get(one, {})).format(**fields)


@cache
def _table() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in ("pasted.toml", "evidence.toml"):
        text = (Path(__file__).parent / name).read_text("utf-8")
        for tag, phrases in tomllib.loads(text).items():
            found.setdefault(tag, {}).update(phrases)
    return found
