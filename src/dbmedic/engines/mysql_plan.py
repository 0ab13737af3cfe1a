"""Texts of statement digests made whole enough for EXPLAIN.

Placeholders become sample literals of the type of the column they are compared with, for text in place of a time or a
number plans as no value would; no row is read to find them.  A read-only session may not even explain a write, so
UPDATE and DELETE are planned as the SELECT that finds their rows, which needs no more than the right to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dbmedic.core.errors import StatementFailed
from dbmedic.kit.statements.reading import functions
from dbmedic.kit.statements.text import significant, tokens

COMPARED = frozenset(("=", "<", ">", "<=", ">=", "<>", "!=", "<=>", "like"))
TURNED = frozenset(("=", "<", ">", "<=", ">=", "<>", "!=", "<=>"))
SAMPLES = (
    (r"(tiny|small|medium|big)?int|decimal|numeric|float|double|real|bit|bool", "1"),
    (r"datetime|timestamp", "'2025-01-01 12:00:00'"),
    (r"date", "'2025-01-01'"),
    (r"time", "'12:00:00'"),
    (r"year", "2025"),
    (r"uuid", "'00000000-0000-4000-8000-000000000000'"),
    (r"inet6", "'::1'"),
    (r"inet4", "'127.0.0.1'"),
    (r"json", "'1'"),
)
"""Type of a column -> a value of it; text compares with any."""


def explainable(statement: str, types: Mapping[str, str] | None = None) -> str:
    """A SELECT with `?` and `...` filled in.  Raises `StatementFailed` for a text that was cut off or has no plan.

    A digest writes `?` for every constant and `(...)` for a list of them.  `types` are those of the columns, by their
    names in lower case; `'1'` stands for a value of a type that is not known, and 1 where only a number may (LIMIT,
    OFFSET, INTERVAL).
    """
    found = significant(statement, "mysql")
    if not found or "".join(token.text for token in found[-3:]) == "...":
        raise StatementFailed("the statement was cut off by the server; raise performance_schema_max_digest_length", "")
    text = statement.replace("(...)", "(?)").replace("( ... )", "(?)").replace(", ...", "")
    if "..." in text:
        raise StatementFailed("the server left parts of the statement out", "")
    out: list[str] = []
    words: list[str] = []
    bare = [token.text.lower() for token in significant(text.rstrip().rstrip(";"), "mysql")]
    for token in tokens(text.rstrip().rstrip(";"), "mysql"):
        if token.text == "(" and out[-1:] == [" "] and words[-1] in functions("mysql")["read"]:
            out.pop()  # digests write `NOW ( )`, which is a call only without the space
        if token.kind == "param" and token.text == "?":
            last = words[-1:] + words[-3:-2] if words[-1:] == [","] else words[-1:]
            number = {"limit", "offset", "interval"} & set(last)
            out.append("1" if number else _sample((types or {}).get(compared(bare, len(words)), "")))
        else:
            out.append(" " if token.kind == "comment" else token.text)
        if token.kind not in ("space", "comment"):
            words.append(token.text.lower())
    filled = "".join(out).strip()
    return filled if words[0] in ("select", "with", "(") else _as_select(filled)


def compared(words: Sequence[str], at: int) -> str:
    """Name of the column that the placeholder at a place is compared with; "" where it is none, or not plain."""
    start = at
    while words[start - 1 : start] and words[start - 1] in ("(", ",", "?"):
        start -= 1
    before = [word for word in words[max(0, start - 3) : start] if word != "not"]
    last = before[-1] if before else ""
    if last in COMPARED or last in ("in", "between"):
        return _column(words, start - 1 - (words[start - 2 : start - 1] == ["not"]))
    if last == "and" and words[start - 3 : start - 2] == ["between"]:
        return _column(words, start - 3 - (words[start - 4 : start - 3] == ["not"]))
    if words[at + 1 : at + 2] and words[at + 1] in TURNED and len(words) > at + 2:
        end = at + 2 + 2 * (words[at + 3 : at + 4] == ["."])
        return words[end].strip("`") if re.fullmatch(r"`?\w+`?", words[end]) else ""
    return ""


def _column(words: Sequence[str], end: int) -> str:
    """The name before a place; "" for what is no name, such as the end of a call."""
    word = words[end - 1] if end >= 1 else ""
    return word.strip("`") if re.fullmatch(r"`[^`]+`|[a-z_]\w*", word) else ""


def _sample(kind: str) -> str:
    """A literal of a column's type; an ENUM's first."""
    if (first := re.match(r"(?:enum|set)\(('(?:[^']|'')*')", kind)) is not None:
        return first[1]
    return next((literal for pattern, literal in SAMPLES if re.match(rf"(?:{pattern})\b", kind)), "'1'")


def _as_select(statement: str) -> str:
    """The SELECT that finds the rows a write changes."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        tree = parse_one(statement, dialect="mysql")
    except SqlglotError:
        raise StatementFailed("the statement could not be read", "42000") from None
    if isinstance(tree, exp.Update | exp.Delete) and tree.this is not None:
        select = exp.select("1").from_(tree.this)
        for name in ("where", "order", "limit"):
            if part := tree.args.get(name):
                select.set(name, part)
        return str(select.sql(dialect="mysql"))
    source = tree.args.get("expression")
    if isinstance(tree, exp.Insert) and isinstance(source, exp.Query):
        return str(source.sql(dialect="mysql"))
    raise StatementFailed("an INSERT of values has no plan: it reads no table", "")
