"""Which columns of its tables a statement needs, and which conditions stand in its text: for covering, partial indexes.

What cannot be placed (a column without a qualifier among several tables, one name for two tables) makes all its tables
needed whole: then nothing is proposed that would have to hold every column.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from dbmedic.kit.statements.analysis import conjuncts, readable
from dbmedic.kit.statements.reading import MAX_CHARS
from dbmedic.kit.statements.text import dialect


class Condition(NamedTuple):
    """A condition without a placeholder that holds for every row that the statement wants of a table."""

    table: str
    column: str
    text: str
    """As SQL on the bare column: "deleted_at IS NULL", "status = 'new'"."""
    kind: str
    """ "null", "not null", "true" or "literal"."""
    value: str = ""
    """Of a literal, bare; "t" and "f" are the two of a boolean."""


class Needs(NamedTuple):
    columns: frozenset[tuple[str, str]] = frozenset()
    """(table, column) wherever the statement names one."""
    whole: frozenset[str] = frozenset()
    """Tables of which it may need every column."""
    changes: frozenset[tuple[str, str]] = frozenset()
    """(table, column) that it sets."""
    conditions: tuple[Condition, ...] = ()


@lru_cache(512)
def needs(sql: str, engine: str) -> Needs | None:
    """None for a text that is truncated or no query."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    if len(sql) > MAX_CHARS:
        return None
    try:
        tree = parse_one(readable(sql, engine), dialect=dialect(engine))
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query | exp.DML):
        return None
    return _read(exp, tree, dialect(engine))


def _read(exp: Any, tree: Any, family: str) -> Needs:
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    real = [table for table in tree.find_all(exp.Table) if table.name and table.name not in ctes]
    names = {table.name for table in real}
    places: dict[str, str] = {}
    unclear = False
    for table in real:
        unclear |= places.setdefault(table.alias_or_name, table.name) != table.name
    alone = next(iter(names)) if len(real) == 1 and not ctes and not list(tree.find_all(exp.Subquery)) else None
    columns: set[tuple[str, str]] = set()
    whole: set[str] = set()
    for column in tree.find_all(exp.Column):
        table = places.get(column.table) if column.table else alone
        if isinstance(column.this, exp.Star):
            whole |= {table} if table else names
        elif table:
            columns.add((table, column.name))
        elif not column.table:
            unclear = True
    unclear |= isinstance(tree, exp.DML) or bool(tree.args.get("locks"))  # a row that is changed or locked is visited
    if any(isinstance(one, exp.Star) for query in tree.find_all(exp.Select) for one in query.expressions):
        unclear = True
    changes = _changes(exp, tree)
    conditions = () if alone is None else tuple(_conditions(exp, tree, alone, family))
    return Needs(frozenset(columns), frozenset(names if unclear else whole), changes, conditions)


def _changes(exp: Any, tree: Any) -> frozenset[tuple[str, str]]:
    if not isinstance(tree, exp.Update):
        return frozenset()
    return frozenset((tree.this.name, one.this.name) for one in tree.expressions if isinstance(one, exp.EQ))


def _conditions(exp: Any, tree: Any, table: str, family: str) -> list[Condition]:
    """Of a statement about one table alone."""
    where = tree.args.get("where")
    found = []
    for term in conjuncts(exp, where.this) if where is not None else ():
        inner = term.this.unnest() if isinstance(term, exp.Not) else term
        kind = None
        if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
            negated = (inner is not term) != bool(inner.args.get("negate"))
            kind = "not null" if negated else "null"
        elif isinstance(term, exp.Column):
            kind, inner = "true", term
        elif isinstance(term, exp.EQ) and isinstance(term.expression, exp.Literal | exp.Boolean):
            kind = "literal"
        column = inner if isinstance(inner, exp.Column) else inner.this if kind else None
        if kind is not None and isinstance(column, exp.Column) and column.name:
            text = _text(exp, term, column.name, kind, family)
            found.append(Condition(table, column.name, text, kind, _value(exp, term, kind)))
    return found


def _value(exp: Any, term: Any, kind: str) -> str:
    if kind != "literal":
        return "t" if kind == "true" else ""
    held = term.expression
    return {True: "t", False: "f"}[bool(held.this)] if isinstance(held, exp.Boolean) else str(held.this)


def _text(exp: Any, term: Any, column: str, kind: str, family: str) -> str:
    bare = exp.column(column, quoted=term.find(exp.Column).this.args.get("quoted", False))
    name = str(bare.sql(dialect=family))
    if kind == "literal":
        return f"{name} = {term.expression.sql(dialect=family)}"
    return {"null": f"{name} IS NULL", "not null": f"{name} IS NOT NULL", "true": name}[kind]
