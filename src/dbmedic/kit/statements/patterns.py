"""Habits of a statement that cost whatever the plan: paging by OFFSET, all columns, all rows.  Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from dbmedic.kit.statements.analysis import readable
from dbmedic.kit.statements.reading import MAX_CHARS
from dbmedic.kit.statements.text import dialect

Pattern: TypeAlias = Literal["paging", "star", "no_limit"]


def patterns(sql: str, engine: str) -> list[Pattern]:
    """What a SELECT does; empty for other statements and for what cannot be read.

    `no_limit` is a SELECT that neither groups, sums nor limits its rows: whether they are many, its plan says.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    if len(sql) > MAX_CHARS:
        return []
    try:
        tree = parse_one(readable(sql, engine), dialect=dialect(engine))
    except (SqlglotError, RecursionError):
        return []
    if not isinstance(tree, exp.Select):
        return []
    found: list[Pattern] = []
    offset = tree.args.get("offset")
    if offset is not None and not (isinstance(offset.expression, exp.Literal) and offset.expression.this == "0"):
        found.append("paging")
    if tree.is_star:
        found.append("star")
    sums = any(one.find(exp.AggFunc) and not one.find(exp.Window) for one in tree.expressions)
    if not sums and not any(tree.args.get(name) for name in ("limit", "group", "distinct")):
        found.append("no_limit")
    return found
