"""Which tables a read names in the dialects of MySQL, MariaDB and SQLite, for whoever must know all of them.

In doubt nothing is known: a text that one reader sees otherwise than the other has no answer.  PostgreSQL's own parser
tells as much in `Reading.relations`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dbmedic.kit.statements.reading import MAX_CHARS, Relation
from dbmedic.kit.statements.text import Token, dialect, significant

_TOLD = frozenset({"show", "describe", "desc", "explain", "pragma"})
"""Statements that tell of names, settings and plans, and never of a row."""
_QUOTES = '`"[]'


@lru_cache(2048)
def sources(sql: str, engine: str) -> tuple[Relation, ...] | None:
    """Every table, view and table function that a read names, CTEs not among them; None where that is not certain."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    if len(sql) > MAX_CHARS:
        return None
    found = significant(sql, engine)
    if not found or found[0].text.lower() in _TOLD:
        return ()
    try:
        # From our own tokens, for the two readers differ in what a comment is.
        tree = parse_one(" ".join(token.text for token in found), dialect=dialect(engine))
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query):
        return None
    tables = list(tree.find_all(exp.Table))
    names = {_name(table) for table in tables} | {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    if "" in names or not _follows(found) <= names:
        return None
    return tuple(dict.fromkeys(Relation(table.db or None, _name(table)) for table in tables if not _is_cte(table, exp)))


def _name(table: Any) -> str:
    return str(table.name or getattr(table.this, "name", "")).lower()


def _follows(found: list[Token]) -> set[str]:
    """Names right behind FROM and JOIN, the last part of each."""
    names = set()
    for at, token in enumerate(found[:-1]):
        if token.kind != "word" or token.text.lower() not in ("from", "join", "straight_join"):
            continue
        while at + 3 < len(found) and found[at + 2].text == ".":
            at += 2
        after = found[at + 1]
        if after.kind in ("word", "name") and after.text.lower() not in ("lateral", "select"):
            names.add(after.text.strip(_QUOTES).lower())
    return names


def _is_cte(table: Any, exp: Any) -> bool:
    """Whether a name without a schema means a CTE where it stands."""
    if table.db:
        return False
    inside: list[Any] = [table]
    node = table.parent
    while node is not None:
        clause: Any = node.args.get("with_") or node.args.get("with") if isinstance(node, exp.Query) else None
        ctes = [] if clause is None else list(clause.expressions)
        within = next((at for at, cte in enumerate(ctes) if any(one is cte for one in inside)), None)
        for at, cte in enumerate(ctes):
            if cte.alias.lower() == _name(table) and (within is None or at < within or clause.recursive):
                return True
        inside.append(node)
        node = node.parent
    return False
