"""Which instance and which objects a question names.

An instance is named by its id or display name; what only looks like an id is reported as unknown, for silence would
send somebody to the wrong database.  Tables and pages are hints: they order findings and never hide one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Final

from dbmedic.core.values import InstanceCard
from dbmedic.diagnosis.plain import plain

_CLOUD_ID: Final = re.compile(
    r"(?<![a-z0-9_-])(?:(?:rm|pgm|pc|pi|pe|pxc|gp|gpdb|dds|mr|rds|drds|cdb|cdbro|tdsql|ins|dbm|mysql|postgres|pg|polardb)"
    r"-[a-z0-9][a-z0-9-]{2,62}|r-[a-z0-9]{6,62})(?![a-z0-9_])"
)
_SAID_ID: Final = re.compile(
    r"(?:instances?|databases?|实例|インスタンス|instans|instansi|数据库)\s*(?:id|名|named?|called)?\s*[:\"'“「`]?\s*"
    r"(?<![a-z0-9_-])(?P<id>[a-z][a-z0-9]*(?:-[a-z0-9]+)+|[a-z]+\d[a-z0-9]*)(?![a-z0-9_])"
)
_LIKE_ID: Final = re.compile(
    r"(?<![a-z0-9_./:@-])(?:[a-z][a-z0-9]*(?:-[a-z0-9]+)*-\d{1,4}|(?:[a-z0-9]+-)*(?:prod|production|staging|stage|uat|qa)"
    r"(?:-[a-z0-9]+)+|[a-z0-9]+(?:-[a-z0-9]+)*-(?:prod|production|staging|uat|db))(?![a-z0-9_./-])"
)
"""What people call instances: a number at the end, or where it stands."""
_NO_IDS: Final = re.compile(
    r"(?:utf|sha|iso|top|covid|rfc|pg|mysql|postgres(?:ql)?|mariadb|redis|cpu|no|vs|in|multi|cross)-\w+$"
)
_TWICE: Final = re.compile(r"([a-z]+)-\1(?:nya)?")
"""A word said twice is an Indonesian plural, not an id."""
_PLAIN_WORDS: Final = frozenset(("read-only", "in-memory", "real-time", "pg-wal", "multi-master", "long-running"))
_TABLE: Final = (
    re.compile(
        r"(?<![a-z0-9_])(?P<n>[a-z_][a-z0-9_.]*)(?:'s)? "
        r"(?:page|table|screen|endpoint|api|report|view|collection|service|query)s?(?![a-z])"
    ),
    re.compile(r"(?<![a-z])(?:table|tabel|halaman|page) [`\"']?(?P<n>[a-z_][a-z0-9_.]*)"),
    re.compile(r"(?<![a-z])(?:from|join|update|into) [`\"]?(?P<n>[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)[`\"]?"),
    re.compile(r"(?<![a-z0-9_])(?P<n>[a-z_][a-z0-9_.]*) ?(?:表|页面|接口|テーブル|ページ|画面)"),
    re.compile(r"(?:表|テーブル) ?[`\"]?(?P<n>[a-z_][a-z0-9_.]*)"),
    re.compile(r"(?P<n>[\u4e00-\u9fff]{2,6}?)(?:页面|接口|表(?!现|示|明)|页(?!面))"),
    re.compile(r"(?:index|indexes|indices|索引|インデックス) ?[`\"']?(?P<n>[a-z]\w*_\w+)"),
    re.compile(r"(?:how many rows|row count|count)\D{0,24}(?:in|of|does) (?:the |my |our )?[`\"']?(?P<n>[a-z_]\w*)"),
    re.compile(r"how (?:big|large) is (?:the |my |our )?[`\"']?(?P<n>[a-z_]\w*)"),
    re.compile(r"`(?P<n>[^`]{1,63})`"),
)
_NO_OBJECTS: Final = frozenset((
    "the", "this", "that", "these", "those", "my", "our", "your", "a", "an", "any", "some", "all", "which",
    "what", "web", "home", "every", "each", "largest", "biggest", "large", "big", "slow", "full", "temp",
    "temporary", "per", "rest", "lock", "hot", "cold", "of", "on", "in", "at", "and", "or", "is", "are",
    "was", "it", "its", "same", "other", "one", "two", "three", "top", "where", "select", "set", "now",
    "yesterday", "today", "last", "next", "status", "info", "metadata", "landing", "main", "first", "explain",
    "database", "db", "instance", "disk", "data", "index", "server", "buffer", "cache",
    "scan", "system", "user", "long", "show", "list", "by", "whole", "there", "partition", "哪些", "哪个",
    "这个", "那个", "最大", "我的", "我们", "所有", "什么", "打开", "一个", "今天", "现在", "大", "网页",
    "got", "gets", "load", "loads", "takes", "took", "times", "hangs", "fails", "needs", "shows", "just", "keeps",
    "went", "does", "has", "have", "can", "cannot", "with", "for", "to", "since", "after", "again", "still",
    "very", "too", "so", "were", "will", "never", "not", "opens", "freezes", "became", "would", "should", "doesn",
    "isn",
    "该", "某个", "整个", "每个", "网站", "全部", "业务", "后台", "前台", "系统",
))  # fmt: skip


def named(text: str, visible: Sequence[InstanceCard]) -> str | None:
    """Id of the visible instance that a text names first; of two at the same place the longer name."""
    said = plain(text)
    hits: list[tuple[int, int, str]] = []
    for card in visible:
        for rank, name in enumerate((card.id, card.name)):
            wanted = plain(name)
            if len(wanted) < 2:
                continue
            if (place := _place(said, wanted)) is not None:
                hits.append((place, rank * 1000 - len(wanted), card.id))
    return min(hits)[2] if hits else None


def unknown(text: str, visible: Sequence[InstanceCard]) -> str | None:
    """What looks like the id of an instance and is none of the visible ones, as it was written."""
    said = plain(text)
    known = {plain(card.id) for card in visible} | {plain(card.name) for card in visible}
    prefixes = tuple({f"{plain(card.id).split('-')[0]}-" for card in visible if "-" in card.id})
    loose = (match for match in _LIKE_ID.finditer(said) if not _NO_IDS.match(match[0]))
    for match in (*_CLOUD_ID.finditer(said), *_SAID_ID.finditer(said), *_alike(said, prefixes), *loose):
        word = match["id"] if "id" in match.re.groupindex else match[0]
        word = word.rstrip("-")
        if word not in known and word not in _PLAIN_WORDS and not _TWICE.fullmatch(word) and "-wal" not in word:
            at = text.lower().find(word)
            return text[at : at + len(word)] if at >= 0 else word
    return None


def closest(word: str, visible: Sequence[InstanceCard]) -> str | None:
    """The visible id that was probably meant, when one is close."""
    ids = {card.id.lower(): card.id for card in visible}
    found = difflib.get_close_matches(word.lower(), ids, n=1, cutoff=0.75)
    return ids[found[0]] if found else None


def objects(text: str) -> tuple[str, ...]:
    """Names of tables, pages and the like in a question, in the order they come, without schema."""
    said = plain(text)
    found = [match["n"].rpartition(".")[2] for pattern in _TABLE for match in pattern.finditer(said)]
    return tuple(dict.fromkeys(name for name in found if len(name) > 1 and name not in _NO_OBJECTS))


def without(text: str, visible: Sequence[InstanceCard]) -> str:
    """The plain text without names of instances, so that "rm-slow-disk" says neither slow nor disk."""
    said = plain(text)
    for card in visible:
        for name in (card.id, card.name):
            wanted = plain(name)
            if len(wanted) > 1 and (place := _place(said, wanted)) is not None:
                said = f"{said[:place]} {said[place + len(wanted) :]}"
    return _CLOUD_ID.sub(" ", said)


def _place(said: str, wanted: str) -> int | None:
    edges = r"(?<![a-z0-9_-]){}(?![a-z0-9_]|-[a-z0-9])" if wanted.isascii() else "{}"
    match = re.search(edges.format(re.escape(wanted)), said)
    return match.start() if match else None


def _alike(said: str, prefixes: tuple[str, ...]) -> list[re.Match[str]]:
    """Words that begin like a visible id and go on differently."""
    if not prefixes:
        return []
    starts = "|".join(re.escape(prefix) for prefix in prefixes)
    return list(re.finditer(rf"(?<![a-z0-9_-])(?:{starts})[a-z0-9][a-z0-9-]{{1,62}}(?![a-z0-9_])", said))
