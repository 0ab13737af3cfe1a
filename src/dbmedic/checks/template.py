"""Texts with holes: `{table}`, `{size:bytes}`, `{index:ident}`.  Filled for a reader, or as a statement for an engine.

A hole names a column; what follows the colon is a unit (`core.values.Unit`) that overrides the column's own, or `raw`,
which in a statement inserts text that SQL or dbmedic itself has already quoted.  Which texts exist says `check.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from dbmedic.core.values import Unit
from dbmedic.kit import units

HOLE = re.compile(r"\{([a-z_][a-z_0-9]*)(?::([a-z_]+))?\}")
KINDS = (*get_args(Unit), "raw")
UNKNOWN = {"en": "unknown", "zh": "未知"}

RESERVED = frozenset(
    """add all alter analyse analyze and any array as asc asymmetric authorization between binary both by case cast
    check collate collation column commit concurrently constraint create cross current_catalog current_date
    current_role current_schema current_time current_timestamp current_user database default deferrable delete
    desc distinct do drop else end escape except exists explain false fetch for foreign freeze from full grant
    group having ilike in index initially inner insert intersect into is isnull join key lateral leading left
    like limit localtime localtimestamp match natural not notnull null of offset on only or order outer over
    overlaps pragma primary range references replace returning right row rows schema select session_user set
    similar some symmetric system_user table tablesample then to trailing transaction trigger true union unique
    update user using values variadic verbose view when where window with""".split()  # noqa: SIM905
)


def holes(text: str) -> list[tuple[str, str | None]]:
    """(column, unit or None) of each hole, in order."""
    return [(match[1], match[2]) for match in HOLE.finditer(text)]


def said(text: str, values: Mapping[str, Any], columns: Mapping[str, str], language: str, zone: str | None) -> str:
    """The text for a reader: numbers with their units, what is not known said so."""

    def word(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if value is None or value == "":
            return UNKNOWN.get(language, UNKNOWN["en"])
        return units.show(value, match[2] or columns.get(match[1], "text"), zone)

    return HOLE.sub(word, text)


def named(text: str, values: Mapping[str, Any]) -> str:
    """The name of an object: plain values."""
    return HOLE.sub(lambda match: str(values.get(match[1], "")), text)


def statement(text: str, values: Mapping[str, Any], columns: Mapping[str, str], engine: str) -> str | None:
    """The text as a statement, each value quoted by its unit for `engine`; None when one of them is not known."""
    missing = False

    def quoted(match: re.Match[str]) -> str:
        nonlocal missing
        value = values.get(match[1])
        if value is None or value == "":
            missing = True
            return ""
        kind = match[2] or columns.get(match[1], "text")
        return _QUOTES.get(kind, literal)(value, engine)

    filled = HOLE.sub(quoted, text)
    return None if missing else filled


def ident(value: Any, engine: str) -> str:
    """A name as `engine` writes it: bare when it can stand so."""
    name = str(value)
    if engine in ("mysql", "mariadb"):
        return "`" + name.replace("`", "``") + "`"
    if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any, engine: str) -> str:
    """A text as `engine` writes it."""
    text = str(value).replace("'", "''")
    return "'" + (text.replace("\\", "\\\\") if engine in ("mysql", "mariadb") else text) + "'"


def _number(value: Any, _engine: str) -> str:
    return str(int(value)) if float(value).is_integer() else str(float(value))


def _raw(value: Any, _engine: str) -> str:
    return str(value)


_QUOTES: dict[str, Callable[[Any, str], str]] = {
    "ident": ident, "raw": _raw, "sql": _raw, "count": _number, "bytes": _number, "seconds": _number, "ratio": _number,
}  # fmt: skip
