"""A condition of a plan -> what an index could serve of it, and what keeps an index from being used.

Conditions are read from the plan, not from the statement: there aliases are resolved, casts shown and views expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

Kind: TypeAlias = Literal["equal", "range", "pattern", "null", "join", "contains"]
Why: TypeAlias = Literal["function", "cast", "arithmetic", "wildcard", "or", "negation"]

SUBPLAN = re.compile(r"\((?:hashed )?(?:InitPlan|SubPlan) \d+(?: \(returns [^)]*\))?\)(?:\.col\d+)?|\$\d+")
MARKS = re.compile(r"<[a-z_]+>(?=\()")
"""What MariaDB and MySQL write around parts of a condition: `<cache>(…)`, `<in_optimizer>(…)`."""
_QUOTES = re.compile(r"`([A-Za-z_]\w*)`")
_ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Mod", "DPipe")


class Term(Struct, frozen=True, kw_only=True):
    """One condition on one column of the table that is read."""

    column: str
    kind: Kind
    expression: str | None = None
    """What the column is wrapped in, as SQL, when it does not stand bare."""
    cast: str | None = None
    """Type to which a bare column is cast, when the cast is all that wraps it."""
    number: bool = False
    """The bare column is compared with a number that stands in the plan."""


class Defeat(Struct, frozen=True, kw_only=True):
    """A condition that a plain index on its column cannot serve."""

    column: str
    why: Why
    expression: str
    """The side of the condition that does it, as SQL."""
    cast: str | None = None
    """The type, where a cast is all that wraps the column."""


def terms(condition: str, alias: str | None, dialect: str) -> tuple[Term, ...]:
    """The conditions on columns of `alias` joined by AND; empty for what no index can serve or nobody can read.

    With alias None every column counts.
    """
    tree = _parsed(condition, dialect)
    found = (_term(one, alias, dialect) for one in _conjuncts(tree)) if tree is not None else ()
    return tuple(dict.fromkeys(term for term in found if term is not None))


def defeats(condition: str, alias: str | None, dialect: str) -> tuple[Defeat, ...]:
    """What in a condition no plain index serves; empty where one could or where nobody can read it."""
    tree = _parsed(condition, dialect)
    if tree is None:
        return ()
    found = [one for part in _conjuncts(tree) for one in _defeats(part, alias, dialect)]
    return tuple(dict.fromkeys(replace(one, expression=_QUOTES.sub(r"\1", one.expression)) for one in found))


def _parsed(condition: str, dialect: str) -> Any | None:
    import sqlglot
    from sqlglot.errors import SqlglotError

    if len(condition) > 20_000:
        return None
    try:
        return sqlglot.parse_one(MARKS.sub("", SUBPLAN.sub("NULL_PARAMETER()", condition)), read=dialect)
    except (SqlglotError, RecursionError):
        return None


def _conjuncts(tree: Any) -> Iterator[Any]:
    from sqlglot import exp

    tree = tree.unnest()
    if isinstance(tree, exp.And):
        yield from _conjuncts(tree.left)
        yield from _conjuncts(tree.right)
    else:
        yield tree


def _defeats(tree: Any, alias: str | None, dialect: str) -> Iterator[Defeat]:
    from sqlglot import exp

    if isinstance(tree, exp.Or):
        sides = [side.unnest() for side in tree.flatten()]
        columns = {column.name for side in sides for column in side.find_all(exp.Column) if _is_of(column, alias)}
        if len(columns) > 1:
            yield Defeat(column=", ".join(sorted(columns)), why="or", expression=tree.sql(dialect))
        return
    if isinstance(tree, exp.Not | exp.NEQ):
        column = next((one for one in tree.find_all(exp.Column) if _is_of(one, alias)), None)
        if column is not None and not tree.find(exp.Is):
            yield Defeat(column=column.name, why="negation", expression=tree.sql(dialect))
        return
    if isinstance(tree, exp.Like | exp.ILike):
        bare, pattern = tree.this.unnest(), tree.expression.unnest()
        value = pattern.this.unnest() if isinstance(pattern, exp.Cast) else pattern
        if isinstance(value, exp.Literal) and value.is_string and value.this.startswith(("%", "_")):
            column = next((one for one in bare.find_all(exp.Column) if _is_of(one, alias)), None)
            if column is not None:
                yield Defeat(column=column.name, why="wildcard", expression=tree.sql(dialect))
            return
    term = _term(tree, alias, dialect)
    if term is None or term.expression is None or term.kind == "null":
        return
    why: Why = "cast" if term.cast is not None else "function"
    if term.cast is None and type(_side(tree, alias)).__name__ in _ARITHMETIC:
        why = "arithmetic"
    yield Defeat(column=term.column, why=why, expression=term.expression, cast=term.cast)


def _side(tree: Any, alias: str | None) -> Any:
    """The side of a comparison on which the column stands."""
    from sqlglot import exp

    for side in (tree.this, tree.args.get("expression")):
        if side is not None and any(_is_of(column, alias) for column in side.find_all(exp.Column)):
            return side.unnest()
    return None


def _inside(tree: Any, alias: str | None) -> Term | None:
    """A condition on what a column's value holds: an array, a document or a text made for searching."""
    from sqlglot import exp

    searches = (
        exp.ArrayContainsAll, exp.ArrayOverlaps, exp.JSONBContains, exp.JSONBContainsTopKey,
        exp.JSONBContainsAnyTopKeys, exp.JSONBContainsAllTopKeys, exp.JSONBPathExists,
    )  # fmt: skip
    sides = (
        [tree.this] if isinstance(tree, searches) else tree.expressions if isinstance(tree, exp.MatchAgainst) else []
    )
    found = [one.unnest() for one in sides]
    if len(found) == 1 and isinstance(found[0], exp.Column) and _is_of(found[0], alias):
        return Term(column=found[0].name, kind="contains")
    if isinstance(tree, exp.EQ) and isinstance(tree.expression, exp.Any):
        inner = tree.expression.this.unnest()
        if isinstance(inner, exp.Column) and _is_of(inner, alias):
            return Term(column=inner.name, kind="contains", expression=f"ANY ({inner.name})")
    return None


def _term(tree: Any, alias: str | None, dialect: str) -> Term | None:
    from sqlglot import exp

    if dialect == "postgres" and (inside := _inside(tree, alias)) is not None:
        return inside
    kinds: list[tuple[type, Kind]] = [
        (exp.EQ, "equal"), (exp.NullSafeEQ, "equal"), (exp.In, "equal"), (exp.GT, "range"), (exp.GTE, "range"),
        (exp.LT, "range"), (exp.LTE, "range"), (exp.Between, "range"), (exp.Like, "pattern"), (exp.ILike, "pattern"),
        (exp.Is, "null"),
    ]  # fmt: skip
    kind = next((kind for type_, kind in kinds if isinstance(tree, type_)), None)
    if kind is None or (kind == "null" and not isinstance(tree.expression, exp.Null)):
        return None
    for side, other in ((tree.this, tree.args.get("expression")), (tree.args.get("expression"), tree.this)):
        if side is None:
            continue
        columns = [column for column in side.find_all(exp.Column) if _is_of(column, alias)]
        if len({column.name for column in columns}) != 1:
            continue
        others = [] if other is None else list(other.find_all(exp.Column))
        if any(_is_of(column, alias) for column in others):
            continue
        joined: Kind = "join" if kind == "equal" and others and alias is not None else kind
        return _wrapped(side, columns[0].name, joined, dialect, number=_is_number(tree, other))
    return None


def _is_number(tree: Any, other: Any) -> bool:
    """Whether what a column is compared with is a number, not a text."""
    from sqlglot import exp

    values = tree.expressions if isinstance(tree, exp.In) else [other]
    literals = [value.this if isinstance(value, exp.Neg) else value for value in values]
    return bool(literals) and all(isinstance(one, exp.Literal) and not one.is_string for one in literals)


def _is_of(column: Any, alias: str | None) -> bool:
    return alias is None or not column.table or column.table == alias


def _wrapped(side: Any, name: str, kind: Kind, dialect: str, *, number: bool) -> Term:
    from sqlglot import exp

    bare = side.unnest()
    if isinstance(bare, exp.Column):
        return Term(column=name, kind=kind, number=number)
    cast = None
    if isinstance(bare, exp.Cast) and isinstance(bare.this.unnest(), exp.Column):
        cast = bare.to.sql(dialect).lower()
    clean = side.copy().transform(_plain)
    return Term(column=name, kind=kind, expression=clean.unnest().sql(dialect, normalize_functions="lower"), cast=cast)


def _plain(node: Any) -> Any:
    """Columns without their table, literals and columns without the casts and parentheses a plan adds."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return exp.column(node.this.copy())
    if isinstance(node, exp.Paren) and isinstance(node.this, exp.Column):
        return _plain(node.this)
    if isinstance(node, exp.Cast) and node.parent is not None and node.to.this == exp.DType.TEXT:
        inner = node.this.unnest()
        if isinstance(inner, exp.Column | exp.Literal):
            return _plain(inner)
    return node
