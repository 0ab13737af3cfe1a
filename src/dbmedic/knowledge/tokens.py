"""Text -> the words it is found by: English stems, identifiers whole and in parts, bigrams of Chinese and Japanese.

Documents and queries go through the same function, so an index holds nothing but these words, on any store.  Pure.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN: Final = re.compile(rf"[^\W_{_CJK}]+(?:[_.\-][^\W_{_CJK}]+)*|[{_CJK}]+")
_JOINT: Final = re.compile(r"[_.\-]")

_SMALL: Final = """
a about after again all also always am an and any are as at be because been before being between both but by can
cannot could did do does doing done down each few for from get give go good had has have having he her here him his
how i if in into is it its itself just keep let like make many may me might more most much must my need no nor not now
of off on once one only or other ought our out over own please same shall she should so some such take tell than that
the their them then there these they thing things this those through to too under until up us use used using very want
was way we were what when where which while who whom why will with without would yes you your
"""
STOPS: Final = frozenset(_SMALL.split())
"""English words that say nothing about what a text is about."""

_EMPTY: Final = re.compile(
    "为什么|是什么|有什么|什么是|什么样|什么时候|什么|怎么办|怎么样|怎么|怎样|如何|哪些|哪个|哪种|多少|是否|应该|应当|可以|能否|"
    "能不能|可不可以|需要|一下|一个|一种|这个|那个|这种|我们|你们|他们|请问|之后|之前|时候|如果|以及|并且|或者|有没有|要不要|"
    "[的了吗呢吧啊呀嘛是和与及或把被给我你您它这那请很也]"
)
"""Chinese words that say nothing; what stands on their two sides does not meet in a bigram."""

_SAME: Final = {
    "postgresql": "postgres", "pg": "postgres", "pgsql": "postgres", "databases": "database", "db": "database",
    "dbs": "database", "indices": "index", "config": "configuration", "conn": "connection", "conns": "connection",
    "txn": "transaction", "txns": "transaction", "stats": "statistics", "params": "parameter", "autovac": "autovacuum",
    "repl": "replication", "disc": "disk", "redo": "redo", "replicas": "replica", "perf": "performance",
    "standbys": "standby", "pitr": "pitr", "sql": "sql",
}  # fmt: skip
_SUFFIXES: Final = (
    "ization", "ational", "ations", "ation", "ators", "ator", "ments", "ment", "ances", "ance", "ences", "ence",
    "ability", "ables", "able", "ibility", "ible", "ively", "ive", "izing", "ize", "ating", "ated", "ates", "ate",
    "ness", "ities", "ity", "ions", "ion", "ally", "al", "ers", "er", "ly",
)  # fmt: skip
_STEM: Final = 4
"""Letters that must be left when a suffix is taken off."""


def words(text: str) -> list[str]:
    """The words of a text in their order, repeated as they are; lower case, without stop words."""
    found: list[str] = []
    flat = unicodedata.normalize("NFKC", text).lower()
    for run in _RUN.findall(flat):
        if run[0] >= "\u3040":
            for piece in _EMPTY.sub(" ", run).split():
                found.extend(_bigrams(piece))
        else:
            found.extend(_latin(run))
    return found


def weight(text: str) -> int:
    """About how many tokens a language model counts: four letters of Latin script, or one character of Chinese."""
    wide = sum(1 for one in text if one >= "\u3040")
    return wide + (len(text) - wide + 3) // 4


def wide(text: str) -> bool:
    """Whether a text is mostly Chinese or Japanese."""
    letters = sum(1 for one in text if one.isalpha())
    return sum(1 for one in text if "\u3040" <= one <= "\u9fff") * 4 > letters


def stem(word: str) -> str:
    """One English word without what bends it: "indexes", "indexing" -> "index"; "queries" -> "queri"."""
    word = _SAME.get(word, word)
    if len(word) <= 3 or not word.isascii() or any(one.isdigit() for one in word):
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        bare = word.removesuffix(ending)
        if bare != word and len(bare) >= 3 and re.search("[aeiouy]", bare):
            word = bare[:-1] if len(bare) > 3 and bare[-1] == bare[-2] and bare[-1] not in "lsz" else bare
            break
    for suffix in _SUFFIXES:
        bare = word.removesuffix(suffix)
        if bare != word and len(bare) >= _STEM and not (suffix.startswith("ion") and bare[-1] not in "st"):
            word = bare
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def _latin(run: str) -> list[str]:
    parts = _JOINT.split(run)
    kept = [stem(part) for part in parts if part not in STOPS and (len(part) > 1 or part.isdigit())]
    return ["_".join(parts), *kept] if len(parts) > 1 else kept


def _bigrams(piece: str) -> list[str]:
    return [piece[i : i + 2] for i in range(len(piece) - 1)] or [piece]
