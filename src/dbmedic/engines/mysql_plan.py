"""Texts of statement digests made whole enough for EXPLAIN.

Placeholders become literals that plan like any other.  A read-only session may not even explain a write, so UPDATE and
DELETE are planned as the SELECT that finds their rows, which needs no more than the right to read.
"""

from __future__ import annotations

from dbmedic.core.errors import StatementFailed
from dbmedic.kit.statements.reading import functions
from dbmedic.kit.statements.text import significant, tokens


def explainable(statement: str) -> str:
    """A SELECT with `?` and `...` filled in.  Raises `StatementFailed` for a text that was cut off or has no plan.

    A digest writes `?` for every constant and `(...)` for a list of them; `'1'` compares with numbers and strings
    alike, and 1 stands where only a number may (LIMIT, OFFSET, INTERVAL).
    """
    found = significant(statement, "mysql")
    if not found or "".join(token.text for token in found[-3:]) == "...":
        raise StatementFailed("the statement was cut off by the server; raise performance_schema_max_digest_length", "")
    text = statement.replace("(...)", "(?)").replace("( ... )", "(?)").replace(", ...", "")
    if "..." in text:
        raise StatementFailed("the server left parts of the statement out", "")
    out: list[str] = []
    words: list[str] = []
    for token in tokens(text.rstrip().rstrip(";"), "mysql"):
        if token.text == "(" and out[-1:] == [" "] and words[-1] in functions("mysql")["read"]:
            out.pop()  # digests write `NOW ( )`, which is a call only without the space
        if token.kind == "param" and token.text == "?":
            last = words[-1:] + words[-3:-2] if words[-1:] == [","] else words[-1:]
            out.append("1" if {"limit", "offset", "interval"} & set(last) else "'1'")
        else:
            out.append(" " if token.kind == "comment" else token.text)
        if token.kind not in ("space", "comment"):
            words.append(token.text.lower())
    filled = "".join(out).strip()
    return filled if words[0] in ("select", "with", "(") else _as_select(filled)


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
