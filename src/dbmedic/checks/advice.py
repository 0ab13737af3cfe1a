"""A whole-table read and the indexes there are -> the index, or the change of the statement, that would help.  Pure.

Equality columns come first, then one range or sort column; nothing is proposed that a valid index already serves, and
no index on an expression whose value may change by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from dbmedic.checks.plans import Scan, Term
from dbmedic.checks.template import ident

Kind: TypeAlias = Literal[
    "index", "expression", "rewrite", "conversion", "charset", "reindex", "pattern", "generated", "contains"
]
MAX_KEYS = 4
FIXED = re.compile(
    r"(lower|upper|[blr]?trim|replace|reverse|left|right|substr(ing)?|abs|round|floor|ceil|md5|(char_)?length|coalesce|cast"
    r"|date|date_trunc|timestamp_trunc|extract|year|month|day)",
    re.IGNORECASE,
)
"""Functions whose result depends on their arguments alone (for timestamps without time zone)."""
INVERTED = re.compile(r"\[\]$|^(jsonb|tsvector|hstore)$")
"""Types that an inverted index serves as it is."""
CHARSET = re.compile(r"\b(?:character set|using)\s+(\w+)", re.IGNORECASE)
"""How MySQL and MariaDB convert a text into another character set."""
LONG = re.compile(r"json|(tiny|medium|long)?(text|blob)\b", re.IGNORECASE)
"""Types of MySQL and MariaDB that no plain index can hold."""
BY_DAY = re.compile(r"date\b|date_trunc|timestamp_trunc|extract|year|month|day|to_char", re.IGNORECASE)


class Index(Struct, frozen=True, kw_only=True):
    """An index that exists; `keys` are column names or expressions."""

    name: str
    keys: tuple[str, ...]
    valid: bool = True
    partial: bool = False


class Table(Struct, frozen=True, kw_only=True):
    """What the catalogue says of a table."""

    schema: str
    name: str
    rows: float
    size: int
    types: dict[str, str]
    indexes: tuple[Index, ...] = ()


class Advice(Struct, frozen=True, kw_only=True):
    """What to do about one read."""

    kind: Kind
    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()
    """As SQL, in order; empty when no index is to be built."""
    name: str = ""
    """Of the index to build or rebuild."""
    defeated: str | None = None
    """An index on the column that the statement's wording keeps from being used."""
    wrapped: str | None = None
    """The expression that keeps it."""
    rewrite: str | None = None
    """The condition as it should be worded."""


def advice(scan: Scan, table: Table, engine: str) -> Advice | None:
    """What would serve the conditions of `scan`; None when an index does, or none can."""
    known = [_harmless(term, table) for term in scan.terms if term.column in table.types]
    equal = [term for term in known if term.kind in ("equal", "join")][: MAX_KEYS - 1]
    null = [term for term in known if term.kind == "null"]
    ranges = [term for term in known if term.kind == "range"][:1]
    patterns = [term for term in known if term.kind == "pattern"]
    wrapped = next((term for term in [*equal, *ranges] if term.expression is not None), None)
    ordered = next((index.keys[:1] for index in table.indexes if index.name == scan.through), scan.sort)
    last = [*ranges[:1], *(Term(column=name, kind="range") for name in ordered if name in table.types)]
    chosen = [*equal, *(null if equal else null[:1]), *(last[:1] if len(equal) < MAX_KEYS else [])]
    if not chosen:
        return _inside(known, table, engine) or (_pattern(patterns, table, engine) if patterns else None)
    if wrapped is not None:
        return _defeated(wrapped, chosen, table, engine)
    if engine != "postgres" and (converted := next((one for one in chosen if _converted(one, table)), None)):
        return _conversion(converted, table, engine)
    return _index(chosen, len(equal), table, engine)


def _harmless(term: Term, table: Table) -> Term:
    """A cast that only renames the type, such as varchar to text, does not keep an index from being used."""
    if term.cast in ("text", "varchar") and table.types[term.column].startswith(
        ("character varying", "varchar", "text")
    ):
        return Term(column=term.column, kind=term.kind)
    return term


def _converted(term: Term, table: Table) -> bool:
    """A text compared with a number: MySQL and MariaDB turn each row's text into a number, whatever index it has."""
    return term.number and table.types[term.column].startswith(("varchar", "char", "text", "enum", "set"))


def _conversion(term: Term, table: Table, engine: str) -> Advice:
    """The value is to be bound as text; and indexed, where it is not yet."""
    plain = next((one for one in table.indexes if one.valid and one.keys[:1] == (term.column,)), None)
    return Advice(
        kind="conversion", columns=(term.column,), keys=() if plain else (ident(term.column, engine),),
        name=_name(table, (term.column,)), defeated=plain.name if plain else None, rewrite=f"{term.column} = '…'",
    )  # fmt: skip


def _index(chosen: Sequence[Term], equal: int, table: Table, engine: str) -> Advice | None:
    columns = tuple(dict.fromkeys(term.column for term in chosen))
    leading = set(columns[: max(1, len({term.column for term in chosen[:equal]}))])
    serving = [one for one in table.indexes if not one.partial and leading <= set(one.keys[: len(leading)])]
    if any(one.valid for one in serving):
        return None
    if serving:
        return Advice(kind="reindex", columns=columns, name=serving[0].name)
    keys = tuple(ident(column, engine) for column in columns)
    return Advice(kind="index", columns=columns, keys=keys, name=_name(table, columns))


def _defeated(wrapped: Term, chosen: Sequence[Term], table: Table, engine: str) -> Advice | None:
    """The column is wrapped: word the statement differently, or index the expression."""
    expression = wrapped.expression or wrapped.column
    plain = next((one for one in table.indexes if one.valid and one.keys[:1] == (wrapped.column,)), None)
    columns = tuple(dict.fromkeys(term.column for term in chosen))
    if engine != "postgres" and CHARSET.search(expression):
        index = plain.name if plain else None
        return Advice(kind="charset", columns=(wrapped.column,), defeated=index, wrapped=expression)
    if engine != "postgres" and LONG.match(table.types[wrapped.column]):
        return _generated(wrapped.column, expression, table, engine)
    rewrite = _reworded(wrapped, table)
    if rewrite is None and engine != "mariadb" and _fixed(expression, table.types[wrapped.column]):
        if any(one.valid and _same(one.keys[0], expression) for one in table.indexes):
            return None
        keys = tuple(f"({term.expression})" if term.expression else ident(term.column, engine) for term in chosen)
        return Advice(
            kind="expression", columns=columns, keys=tuple(dict.fromkeys(keys)), name=_name(table, (*columns, "expr")),
            defeated=plain.name if plain else None, wrapped=expression,
        )  # fmt: skip
    ordered = [term.column for term in chosen if term.expression is None] + [wrapped.column]
    leading = tuple(dict.fromkeys(ordered))
    serves = any(one.valid and set(leading) <= set(one.keys[: len(leading)]) for one in table.indexes)
    return Advice(
        kind="rewrite", columns=columns, keys=() if serves else tuple(ident(column, engine) for column in leading),
        name=_name(table, leading), defeated=plain.name if plain else None, wrapped=expression,
        rewrite=rewrite or f"{wrapped.column} = …",
    )  # fmt: skip


def _generated(column: str, expression: str, table: Table, engine: str) -> Advice:
    """A part of a document, on MySQL and MariaDB: a generated column of it can have an index, the document cannot."""
    name = next(one for one in (f"{column}_key", f"{column}_key1", f"{column}_key2") if one not in table.types)
    known = "…" not in expression and "?" not in expression
    return Advice(
        kind="generated", columns=(column,), keys=(ident(name, engine),) if known else (),
        name=_name(table, (name,)), wrapped=expression,
    )  # fmt: skip


def _pattern(patterns: Sequence[Term], table: Table, engine: str) -> Advice | None:
    """A search for a piece of text: only PostgreSQL's trigram index serves it."""
    column = patterns[0].column
    if engine != "postgres" or any(_same(index.keys[0], column) and "trgm" in index.name for index in table.indexes):
        return None
    return Advice(
        kind="pattern", columns=(column,), keys=(f"{ident(column, engine)} gin_trgm_ops",),
        name=_name(table, (column, "trgm")),
    )  # fmt: skip


def _inside(known: Sequence[Term], table: Table, engine: str) -> Advice | None:
    """A search inside arrays, documents or texts made for searching: an inverted index serves it."""
    term = next((one for one in known if one.kind == "contains" and INVERTED.search(table.types[one.column])), None)
    if term is None:
        return None
    rewrite = f"{term.column} @> ARRAY[:value]" if term.expression else None
    serving = [one for one in table.indexes if not one.partial and one.keys[:1] == (term.column,)]
    if (there := next((one for one in serving if one.valid), None)) is not None and rewrite is None:
        return None
    if serving and there is None:
        return Advice(kind="reindex", columns=(term.column,), name=serving[0].name)
    return Advice(
        kind="rewrite" if there else "contains", columns=(term.column,), name=_name(table, (term.column,)),
        keys=() if there else (ident(term.column, engine),), defeated=there.name if there else None,
        wrapped=term.expression, rewrite=rewrite,
    )  # fmt: skip


def _reworded(term: Term, table: Table) -> str | None:
    """The condition on the bare column, where there is one that means the same."""
    column, kind, expression = term.column, table.types[term.column], term.expression or ""
    if kind.startswith(("timestamp", "datetime")) and BY_DAY.search(expression):
        return f"{column} >= :start AND {column} < :end"
    if term.cast is not None and kind.startswith(("int", "bigint", "smallint", "numeric", "uuid", "decimal")):
        return f"{column} = CAST(:value AS {kind})"
    return None


def _fixed(expression: str, kind: str) -> bool:
    """Whether an index may be built on the expression."""
    if (
        "…" in expression
        or "null_parameter" in expression.lower()
        or "current_" in expression.lower()
        or "with time zone" in kind
    ):
        return False
    return all(FIXED.fullmatch(name) for name in re.findall(r"([A-Za-z_]+)\s*\(", expression))


def _same(one: str, other: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"::[a-z ]+|[\s()`\"]", "", text.lower())

    return bare(one) == bare(other)


def _name(table: Table, parts: Sequence[str]) -> str:
    """A name for a new index, as PostgreSQL would choose it, that no index has yet."""
    base = "_".join((table.name, *parts))[:56] + "_idx"
    taken, name, number = {index.name for index in table.indexes}, base, 1
    while name in taken:
        name, number = f"{base}{number}", number + 1
    return name
