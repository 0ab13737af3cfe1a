"""What a statement asks of its tables: filters, joins, order and grouping by column, for index advice.

Read by sqlglot in both dialects, from full statements and from the normalised texts of statistics views.  What it
cannot place (a column without a qualifier among several tables, a branch of an OR) is left out, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from dbmedic.kit.statements.reading import MAX_CHARS, Relation
from dbmedic.kit.statements.text import dialect, tokens


class Predicate(NamedTuple):
    """A filter that holds for every row of the result."""

    table: str
    column: str
    op: str
    """One of = in < <= > >= between like "is null" != "not in" "not like" "is not null" regexp."""
    function: str | None = None
    """What wraps the column, if anything, in lower case: "lower", "cast", "+" …: a plain index does not serve it."""
    schema: str | None = None


class Join(NamedTuple):
    """Two columns of different tables that must be equal."""

    table: str
    column: str
    other_table: str
    other_column: str


class Sorted(NamedTuple):
    """A column of an ORDER BY or GROUP BY, in its order."""

    table: str
    column: str
    descending: bool = False


class Asks(NamedTuple):
    tables: tuple[Relation, ...] = ()
    predicates: tuple[Predicate, ...] = ()
    joins: tuple[Join, ...] = ()
    order_by: tuple[Sorted, ...] = ()
    group_by: tuple[Sorted, ...] = ()
    parsed: bool = True
    """False where nothing is known because the text could not be read."""


_TYPED_PLACEHOLDER = re.compile(r"\b(interval|date|time|timestamp|timestamptz|timetz)\s+(\$\d+)", re.IGNORECASE)
_DIGEST_LIST = re.compile(r"\(\s*\.\.\.\s*\)|,\s*\.\.\.")
_OPS = {
    "EQ": "=", "NEQ": "!=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=", "Between": "between", "In": "in",
    "Like": "like", "ILike": "like", "SimilarTo": "like", "RegexpLike": "regexp", "RegexpILike": "regexp",
    "NullSafeEQ": "=",
}  # fmt: skip
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NEGATED = {"in": "not in", "like": "not like", "is null": "is not null", "is not null": "is null", "=": "!="}


@lru_cache(512)
def asks(sql: str, engine: str) -> Asks:
    """All that can be placed; empty, and not `parsed`, for a text that is truncated or no query."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    if len(sql) > MAX_CHARS:
        return Asks(parsed=False)
    try:
        tree = parse_one(readable(sql, engine), dialect=dialect(engine))
        if not isinstance(tree, exp.Query | exp.DML):
            return Asks(parsed=False)
        return _Collector(exp, dialect(engine)).collect(tree)
    except (SqlglotError, RecursionError):
        return Asks(parsed=False)


def predicates(sql: str, engine: str) -> list[Predicate]:
    """Filters of the statement, in the order written."""
    return list(asks(sql, engine).predicates)


def readable(sql: str, engine: str) -> str:
    """The text as sqlglot can read it: digest lists as one placeholder, `$1` (to it the start of a string) as `:p1`."""
    if dialect(engine) != "postgres":
        return _DIGEST_LIST.sub(lambda found: "(?)" if found.group().startswith("(") else "", sql)
    sql = _TYPED_PLACEHOLDER.sub(r"\2", sql)
    return "".join(f":p{one.text[1:]}" if one.kind == "param" else one.text for one in tokens(sql, engine))


class _Collector:
    """One walk over one tree; `exp` is sqlglot's module of node classes."""

    def __init__(self, exp: Any, dialect: str) -> None:
        self.exp, self.dialect = exp, dialect
        self.own: dict[str, Any] = {}
        """Sources of the query at hand alone: alias -> table."""
        self.predicates: list[Predicate] = []
        self.joins: list[Join] = []
        self.order_by: list[Sorted] = []
        self.group_by: list[Sorted] = []

    def collect(self, tree: Any) -> Asks:
        exp = self.exp
        ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        tables = [table for table in tree.find_all(exp.Table) if table.name and (table.db or table.name not in ctes)]
        aliases = {table.alias for table in tables if table.alias}  # `delete o from orders o` names the alias again
        tables = [table for table in tables if table.db or table.alias or table.name not in aliases]
        queries = (exp.Select, exp.Update, exp.Delete)
        own = {id(query): _sources(exp, query, ctes) for query in tree.find_all(*queries)}
        for query in tree.find_all(*queries):
            sources, outer = dict(own[id(query)]), query.find_ancestor(*queries)
            while outer is not None:
                sources = {**own[id(outer)], **sources}
                outer = outer.find_ancestor(*queries)
            self.own = own[id(query)]
            self._query(query, sources)
        found = dict.fromkeys(Relation(table.db or None, table.name) for table in tables)
        unique = [tuple(dict.fromkeys(part)) for part in (self.predicates, self.joins, self.order_by, self.group_by)]
        return Asks(tuple(found), *unique)  # type: ignore[arg-type]

    def _query(self, query: Any, sources: Mapping[str, Any]) -> None:
        exp = self.exp
        joins = _joins(exp, query)
        conditions = [query.args.get("where"), *(join.args.get("on") for join in joins)]
        for condition in conditions:
            if condition is not None:
                for term in conjuncts(exp, condition.this if isinstance(condition, exp.Where) else condition):
                    self._term(term, sources)
        for join in joins:
            self._using(join)
        order, group = query.args.get("order"), query.args.get("group")
        for one in order.expressions if order else ():
            if place := self._place(one.this, sources):
                self.order_by.append(Sorted(place[1], place[2], bool(one.args.get("desc"))))
        for one in group.expressions if group else ():
            if place := self._place(one, sources):
                self.group_by.append(Sorted(place[1], place[2]))

    def _term(self, term: Any, sources: Mapping[str, Any], *, negated: bool = False) -> None:
        exp = self.exp
        if isinstance(term, exp.Not):
            self._term(term.this.unnest(), sources, negated=not negated)
            return
        negated = negated != bool(term.args.get("negate"))
        if isinstance(term, exp.Is) and isinstance(term.expression, exp.Null):
            self._add(term.this, "is null", sources, negated)
            return
        if isinstance(term, exp.Or):
            self._same_column(term, sources)
            return
        op = _OPS.get(type(term).__name__)
        if op is None:
            return
        if op == "=" and isinstance(term.args.get("expression"), exp.Any):
            op = "in"
        left, right = term.this, term.args.get("expression")
        if right is not None and self._joined(left, right, op, sources):
            return
        if right is not None and not self._wrapped(left)[0] and self._wrapped(right)[0]:
            left, op = right, _TURNED.get(op, op)
        self._add(left, op, sources, negated)

    def _joined(self, left: Any, right: Any, op: str, sources: Mapping[str, Any]) -> bool:
        """Whether both sides are columns; equal ones of two tables are kept as a join."""
        exp = self.exp
        if not isinstance(left, exp.Column) or not isinstance(right, exp.Column):
            return False
        one, other = self._place(left, sources), self._place(right, sources)
        if one and other and one[1] != other[1] and op == "=":
            self.joins.append(Join(one[1], one[2], other[1], other[2]))
        return True

    def _using(self, join: Any) -> None:
        names = [source for source in self.own.values() if source is not None]
        for column in join.args.get("using") or ():
            if len(names) == 2:
                self.joins.append(Join(names[0].name, column.name, names[1].name, column.name))

    def _same_column(self, term: Any, sources: Mapping[str, Any]) -> None:
        """`a = 1 or a = 2` filters like `a in (1, 2)`."""
        exp = self.exp
        sides = [side.unnest() for side in term.flatten()]
        columns = {side.this.sql() for side in sides if isinstance(side, exp.EQ | exp.In)}
        if len(columns) == 1 and all(isinstance(side, exp.EQ | exp.In) for side in sides):
            self._add(sides[0].this, "in", sources, False)

    def _add(self, side: Any, op: str, sources: Mapping[str, Any], negated: bool) -> None:
        column, wrapper = self._wrapped(side)
        if column is None or (negated and op not in _NEGATED):
            return
        if place := self._place(column, sources):
            schema, table, name = place
            self.predicates.append(Predicate(table, name, _NEGATED[op] if negated else op, wrapper, schema))

    def _wrapped(self, side: Any) -> tuple[Any, str | None]:
        """(column, what wraps it) when exactly one column is inside; (None, None) otherwise."""
        exp = self.exp
        side = side.unnest()
        if isinstance(side, exp.Column):
            return side, None
        if side.find(exp.Select):
            return None, None
        columns = list(side.find_all(exp.Column))
        if len(columns) != 1:
            return None, None
        if isinstance(side, exp.Cast):
            return columns[0], "cast"
        if isinstance(side, exp.Anonymous):
            return columns[0], str(side.name).lower()
        if isinstance(side, exp.Binary):
            return columns[0], {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "DPipe": "||"}.get(
                type(side).__name__, side.key
            )
        called = re.match(r"\w+(?=\()", side.sql(dialect=self.dialect))
        return columns[0], called.group().lower() if called else str(side.key)

    def _place(self, column: Any, sources: Mapping[str, Any]) -> tuple[str | None, str, str] | None:
        """(schema, table, column) where the column's table is certain and real."""
        if not isinstance(column, self.exp.Column) or not column.name:
            return None
        if column.table:
            source = sources.get(column.table)
        else:
            source = next(iter(self.own.values())) if len(self.own) == 1 else None
        return (source.db or None, source.name, column.name) if source is not None else None


def _sources(exp: Any, query: Any, ctes: set[str]) -> dict[str, Any]:
    """Alias -> table of one query; None for a derived table or a CTE."""
    parts = [query.args.get("this")] if isinstance(query, exp.Update | exp.Delete) else []
    for name in ("from_", "using"):
        part = query.args.get(name)
        parts += part if isinstance(part, list) else [part.this] if part else []
    parts += [join.this for join in _joins(exp, query)]
    tables = {part.alias_or_name: part for part in parts if part is not None}
    real = {
        name: isinstance(part, exp.Table) and bool(part.db or part.name not in ctes) for name, part in tables.items()
    }
    return {name: part if real[name] else None for name, part in tables.items()}


def _joins(exp: Any, query: Any) -> list[Any]:
    """The joins of one query, wherever the tree keeps them."""
    found = list(query.args.get("joins") or ())
    for part in (query.args.get("from_"), query.args.get("this")):
        table = part.this if isinstance(part, exp.From) else part
        if isinstance(table, exp.Table):
            found += table.args.get("joins") or ()
    return found


def conjuncts(exp: Any, condition: Any) -> Iterator[Any]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        for side in condition.flatten():
            yield from conjuncts(exp, side)
    else:
        yield condition
