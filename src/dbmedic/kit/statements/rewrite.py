"""A statement -> the same question worded so that an index can serve it, or that less work is done.  Pure.

Each rewriting keeps the result, except where `differs` says how it may not.  None is shown to anybody before the
server itself has parsed and planned it; that is done by whoever asks here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from dbmedic.kit.statements.analysis import readable
from dbmedic.kit.statements.reading import MAX_CHARS
from dbmedic.kit.statements.text import dialect, significant

Kind: TypeAlias = Literal["not_in", "day", "year", "arithmetic", "or", "keyset", "subquery", "number"]
_PARAM = re.compile(r"(?:%\(|:)p(\d+)\b(?:\)s)?")


class Rewrite(Struct, frozen=True, kw_only=True):
    """One other wording."""

    kind: Kind
    statement: str
    differs: Literal["", "nulls", "page"] = ""
    """nulls: it gives rows that NOT IN hides when the list holds a NULL; page: it goes on from the last key seen."""


def rewrites(sql: str, engine: str, texts: frozenset[str] = frozenset()) -> list[Rewrite]:
    """Other wordings of a SELECT, UPDATE or DELETE; empty for what cannot be read.

    `texts` names the columns that hold text, for comparisons with a number.  Placeholders stay what they are.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    family = dialect(engine)
    found = significant(sql, engine)
    if len(sql) > MAX_CHARS or not found or family == "sqlite":
        return []
    try:
        tree = parse_one(readable(sql, engine), dialect=family)
        if not isinstance(tree, exp.Select | exp.Update | exp.Delete):
            return []
        out: list[Rewrite] = []
        for kind, change, differs in _CHANGES:
            copy = tree.copy()
            changed = change(copy, family, texts)
            if changed is not None:
                out.append(Rewrite(kind=kind, statement=_written(changed, family), differs=differs))
    except (SqlglotError, RecursionError, ValueError):
        return []
    return out


def _written(tree: Any, family: str) -> str:
    text = str(tree.sql(dialect=family))
    return _PARAM.sub(r"$\1", text) if family == "postgres" else text


def _compared(tree: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Comparisons as (node, left side, right side), outside of subqueries' own selects too."""
    from sqlglot import exp

    for node in list(tree.find_all(exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE)):
        yield node, node.this.unnest(), node.expression.unnest()


def _constant(side: Any) -> bool:
    from sqlglot import exp

    return not side.find(exp.Column, exp.Select, exp.AggFunc, exp.Window)


def _not_in(tree: Any, _family: str, _texts: frozenset[str]) -> Any | None:
    """`a NOT IN (SELECT b …)` -> `NOT EXISTS (SELECT 1 … AND b = a)`."""
    from sqlglot import exp

    changed = False
    for node in list(tree.find_all(exp.Not)):
        inside = node.this.unnest()
        query = inside.args.get("query") if isinstance(inside, exp.In) else None
        select = query.this if isinstance(query, exp.Subquery) else query
        if (
            not isinstance(select, exp.Select)
            or len(select.expressions) != 1
            or not isinstance(inside.this, exp.Column)
        ):
            continue
        if any(select.args.get(name) for name in ("group", "limit", "offset", "having", "distinct")):
            continue
        column = select.expressions[0].unalias()
        outer = _qualified(inside.this, node.find_ancestor(exp.Select, exp.Update, exp.Delete))
        own = _qualified(column, select) if isinstance(column, exp.Column) else None
        if outer is None or own is None or outer.table == own.table:
            continue
        exists = select.copy()
        exists.set("expressions", [exp.Literal.number(1)])
        exists = exists.where(exp.EQ(this=own, expression=outer))
        node.replace(exp.Not(this=exp.Exists(this=exists)))
        changed = True
    return tree if changed else None


def _qualified(column: Any, query: Any) -> Any | None:
    """The column with the name of its table; None where that is not certain."""
    from sqlglot import exp

    if column.table:
        return column.copy()
    source = query.args.get("from_") if isinstance(query, exp.Select) else query
    joins = query.args.get("joins") if query is not None else None
    table = source.this if source is not None else None
    if not isinstance(table, exp.Table) or joins:
        return None
    return exp.column(column.this.copy(), table=table.alias_or_name)


def _day(tree: Any, family: str, _texts: frozenset[str]) -> Any | None:
    """`date(col) = d` -> `col >= d AND col < d + 1 day`."""
    from sqlglot import exp

    changed = False
    for node, left, right in _compared(tree):
        column = _day_of(left)
        if not isinstance(node, exp.EQ) or column is None or not _constant(right):
            continue
        start = right.sql(dialect=family)
        name = column.sql(dialect=family)
        if family == "postgres":
            bare = f"CAST({start} AS DATE)"
            text = f"{name} >= {bare} AND {name} < {bare} + 1"
        else:
            text = f"{name} >= {start} AND {name} < DATE({start}) + INTERVAL 1 DAY"
        node.replace(exp.paren(exp.maybe_parse(text, dialect=family)))
        changed = True
    return tree if changed else None


def _day_of(side: Any) -> Any | None:
    """The bare column whose day a side is."""
    from sqlglot import exp

    cast = isinstance(side, exp.Cast) and side.to.this == exp.DType.DATE
    cut = isinstance(side, exp.DateTrunc | exp.TimestampTrunc) and "day" in str(side.args.get("unit", "")).lower()
    if not (cast or cut or isinstance(side, exp.Date | exp.TsOrDsToDate)):
        return None
    inner = side.this.unnest()
    return inner if isinstance(inner, exp.Column) else None


def _year(tree: Any, family: str, _texts: frozenset[str]) -> Any | None:
    """`year(col) = 2026` -> `col >= '2026-01-01' AND col < '2027-01-01'`; for years that stand in the text."""
    from sqlglot import exp

    changed = False
    for node, left, right in _compared(tree):
        part = isinstance(left, exp.Extract) and str(left.this).lower() == "year"
        if not isinstance(node, exp.EQ) or not (isinstance(left, exp.Year) or part):
            continue
        column = (left.expression if part else left.this).unnest()
        if isinstance(column, exp.TsOrDsToDate):
            column = column.this.unnest()
        if not isinstance(column, exp.Column) or not (isinstance(right, exp.Literal) and right.this.isdigit()):
            continue
        name, year = column.sql(dialect=family), int(right.this)
        text = f"{name} >= '{year}-01-01' AND {name} < '{year + 1}-01-01'"
        node.replace(exp.paren(exp.maybe_parse(text, dialect=family)))
        changed = True
    return tree if changed else None


def _arithmetic(tree: Any, _family: str, _texts: frozenset[str]) -> Any | None:
    """`col + 5 > x` -> `col > x - 5`."""
    from sqlglot import exp

    changed = False
    for node, left, right in _compared(tree):
        if not isinstance(left, exp.Add | exp.Sub) or not _constant(right):
            continue
        column, other = left.this.unnest(), left.expression.unnest()
        if not isinstance(column, exp.Column) or not isinstance(other, exp.Literal) or other.is_string:
            continue
        turned = exp.Sub if isinstance(left, exp.Add) else exp.Add
        node.replace(type(node)(this=column.copy(), expression=turned(this=right.copy(), expression=other.copy())))
        changed = True
    return tree if changed else None


def _or(tree: Any, family: str, _texts: frozenset[str]) -> Any | None:
    """`WHERE a = 1 OR b = 2` -> two SELECTs put together, the second without the rows of the first."""
    from sqlglot import exp

    where = tree.args.get("where")
    plain = isinstance(tree, exp.Select) and not any(
        tree.args.get(name) for name in ("group", "having", "order", "limit", "offset", "distinct", "joins", "with_")
    )
    if not plain or where is None or not isinstance(where.this.unnest(), exp.Or):
        return None
    if any(one.find(exp.AggFunc) for one in tree.expressions):
        return None
    sides = [side.unnest() for side in where.this.unnest().flatten()]
    columns = {column.name for side in sides for column in side.find_all(exp.Column)}
    if len(sides) != 2 or len(columns) != 2 or where.find(exp.Select):
        return None
    first, second = tree.copy(), tree.copy()
    first.set("where", exp.Where(this=sides[0].copy()))
    one, other = (side.sql(dialect=family) for side in sides)
    condition = f"{other} AND ({one}) IS NOT TRUE"
    second.set("where", exp.Where(this=exp.maybe_parse(condition, dialect=family)))
    return exp.union(first, second, distinct=False)


def _keyset(tree: Any, family: str, _texts: frozenset[str]) -> Any | None:
    """`ORDER BY k LIMIT n OFFSET m` -> `WHERE k > last key seen ORDER BY k LIMIT n`."""
    from sqlglot import exp

    order, offset = tree.args.get("order"), tree.args.get("offset")
    if not isinstance(tree, exp.Select) or order is None or offset is None or tree.args.get("group"):
        return None
    keys = [one.this for one in order.expressions]
    down = {bool(one.args.get("desc")) for one in order.expressions}
    if len(down) != 1 or not all(isinstance(key, exp.Column) for key in keys):
        return None
    last = offset.expression
    tree.set("offset", None)
    sign = "<" if True in down else ">"
    names = [key.sql(dialect=family) for key in keys]
    if len(keys) == 1:
        text = f"{names[0]} {sign} {last.sql(dialect=family)}"
    else:
        count = max([0, *(int(one) for one in _PARAM.findall(tree.sql(dialect=family) + last.sql(dialect=family)))])
        marks = [f":p{count + at}" if family == "postgres" else "?" for at in range(1, len(keys) + 1)]
        text = f"({', '.join(names)}) {sign} ({', '.join(marks)})"
    return tree.where(exp.maybe_parse(text, dialect=family))


def _subquery(tree: Any, _family: str, _texts: frozenset[str]) -> Any | None:
    """`SELECT …, (SELECT max(x) FROM b WHERE b.k = a.k)` -> a join with the rows of b grouped once."""
    from sqlglot import exp

    if not isinstance(tree, exp.Select) or tree.args.get("group") or tree.args.get("distinct"):
        return None
    changed = 0
    for item in list(tree.expressions):
        inside = item.unalias()
        select = inside.this if isinstance(inside, exp.Subquery) else None
        if not isinstance(select, exp.Select) or len(select.expressions) != 1:
            continue
        value, where = select.expressions[0].unalias(), select.args.get("where")
        one_table = isinstance(select.args.get("from_"), exp.From) and not select.args.get("joins")
        if not isinstance(value, exp.Max | exp.Min | exp.Sum) or where is None or not one_table:
            continue
        own = select.args["from_"].this.alias_or_name
        terms = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
        links = [one for one in terms if isinstance(one, exp.EQ) and _link(one, own)]
        if len(links) != 1 or any(
            one.table != own for term in terms if term not in links for one in term.find_all(exp.Column)
        ):
            continue
        inner, outer = _link(links[0], own)  # type: ignore[misc]
        changed += 1
        name = f"s{changed}"
        rest = [one.copy() for one in terms if one not in links]
        grouped = exp.select(exp.alias_(inner.copy(), "k"), exp.alias_(value.copy(), "v"))
        grouped = grouped.from_(select.args["from_"].this.copy()).group_by(inner.copy())
        for one in rest:
            grouped = grouped.where(one)
        column = exp.column("v", table=name)
        item.replace(exp.alias_(column, item.alias) if item.alias else exp.alias_(column, value.key))
        on = exp.EQ(this=exp.column("k", table=name), expression=outer.copy())
        tree = tree.join(grouped.subquery(name), on=on, join_type="left")
    return tree if changed else None


def _link(term: Any, own: str) -> tuple[Any, Any] | None:
    """(own column, outer column) of an equality between the two."""
    from sqlglot import exp

    left, right = term.this.unnest(), term.expression.unnest()
    if not isinstance(left, exp.Column) or not isinstance(right, exp.Column) or not left.table or not right.table:
        return None
    if (left.table == own) == (right.table == own):
        return None
    return (left, right) if left.table == own else (right, left)


def _number(tree: Any, _family: str, texts: frozenset[str]) -> Any | None:
    """`code = 5` on a column of text -> `code = '5'`."""
    from sqlglot import exp

    changed = False
    for node, left, right in _compared(tree):
        known = isinstance(node, exp.EQ) and isinstance(left, exp.Column) and left.name in texts
        if known and isinstance(right, exp.Literal) and not right.is_string:
            node.set("expression", exp.Literal.string(right.this))
            changed = True
    return tree if changed else None


_CHANGES: tuple[tuple[Kind, Callable[[Any, str, frozenset[str]], Any | None], Literal["", "nulls", "page"]], ...] = (
    ("not_in", _not_in, "nulls"),
    ("day", _day, ""),
    ("year", _year, ""),
    ("arithmetic", _arithmetic, ""),
    ("or", _or, ""),
    ("keyset", _keyset, "page"),
    ("subquery", _subquery, ""),
    ("number", _number, ""),
)
