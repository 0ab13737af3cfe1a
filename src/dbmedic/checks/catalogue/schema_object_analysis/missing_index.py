"""Statements that read whole tables for few rows, with the index that would serve them.

Joins three things seen over one window: the statements by their time, the tables by their full reads, and the
planner's view of those statements.  Where the planner may not be asked, the statement's own text has to do.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dbmedic.checks import plans, workload
from dbmedic.checks.advice import Advice, Index, Table, advice
from dbmedic.checks.context import Context
from dbmedic.checks.plans import Scan, Term
from dbmedic.core.errors import Denied, OutsideFailed, WriteRefused
from dbmedic.core.values import Row
from dbmedic.kit import statements

MOST = 12
"""How many statements are looked at closely."""
LEAST_SHARE, LEAST_MEAN_S = 0.02, 0.005
FEW = re.compile(r"\border\s+by\b[^()]*\blimit\b", re.IGNORECASE)
LOCKING = re.compile(r"^\s*(update|delete)\b|\bfor\s+update\b|\block\s+in\s+share\s+mode\b", re.IGNORECASE)
"""InnoDB keeps a lock on every row that such a statement reads, and not only on those it wants."""
WRAPPED = dict.fromkeys(("lower", "upper", "trim", "date", "abs"), "{function}({column})")
"""Functions of one argument; what else a wrapped column's text says is not known."""
KINDS: dict[str, plans.Kind] = {
    "=": "equal", "in": "equal", "like": "pattern", "is null": "null",
    "<": "range", "<=": "range", ">": "range", ">=": "range", "between": "range",
}  # fmt: skip
UNSEEN = (
    "column", "columns", "kind", "keys", "index", "defeated", "wrapped", "rewrite", "type", "kept", "planned", "hidden",
    "shown", "locking",
)  # fmt: skip
HIDDEN = {"mysql": ("INVISIBLE", "VISIBLE"), "mariadb": ("IGNORED", "NOT IGNORED")}
"""How an index is kept from the planner, and given back to it."""
OF_STATEMENT = ("query", "queryid", "share", "busy", "calls", "mean_s", "ever")


class Kept(Struct, frozen=True, kw_only=True):
    """What was found, and how well."""

    rows: list[Row]
    window: float | None
    better: str
    grant: str | None


async def rows(context: Context) -> list[Row]:
    """One row per missing index; a table that is read in full without a known statement has one without it."""
    return [row for row in await reads(context) if row["kind"] not in ("conversion", "charset")]


async def reads(context: Context) -> list[Row]:
    """The full reads, also those that `my-implicit-conversion` tells; looked for once per run."""
    found: Kept = await context.lanes.once("full reads", lambda: _reads(context))
    context.window, context.better, context.better_grant = found.window, found.better, found.grant
    return found.rows


async def _reads(context: Context) -> Kept:
    rows = await _found(context)
    return Kept(rows=rows, window=context.window, better=context.better, grant=context.better_grant)


async def _found(context: Context) -> list[Row]:
    postgres = context.facts.engine == "postgres"
    sql = context.query("tables")
    before = await _tables(context, sql, postgres)
    load = await workload.statements(context)
    after = await _tables(context, sql, postgres) if postgres else before
    tables = {key: {**row, **_grown(before.get(key), row, context.window or 1)} for key, row in after.items()}
    found: dict[tuple[Any, ...], Row] = {}
    meant = defaultdict[tuple[Any, ...], float](float)
    worth = [
        row for row in load if (row["share"] or 0) >= LEAST_SHARE and (not row["ever"] or row["mean_s"] >= LEAST_MEAN_S)
    ]
    for statement in worth[:MOST]:
        async for row in _missing(context, statement, tables, meant):
            key = (row["database"], row["schema"], row["table"], row["columns"])
            found.setdefault(key, row)
    explained = {key[:3] for key in found}
    others = [
        _unexplained(row)
        for key, row in tables.items()
        if row["scans_per_min"] and (key[0], *_root(row)) not in explained and meant[key] < 0.5 * row["scans_per_min"]
    ]
    return [*found.values(), *sorted(others, key=lambda row: -float(row["scans_per_min"]))]


async def _tables(context: Context, sql: str, each_database: bool) -> dict[tuple[Any, ...], Row]:
    seen = await context.look(sql, each_database=each_database)
    rows = [row if each_database else {**row, "database": row["schema"]} for row in seen]
    return {(row["database"], row["schema"], row["table"]): row for row in rows}


def _grown(before: Row | None, now: Row, window_s: float) -> Row:
    """Full reads per minute, and how much of the table each of them read."""
    if before is None or now["seq_scan"] is None:
        return {"scans_per_min": None, "read_share": None}
    scans, read = now["seq_scan"] - before["seq_scan"], now["seq_tup_read"] - before["seq_tup_read"]
    share = read / scans / now["rows"] if scans > 0 and now["rows"] else None
    return {"scans_per_min": max(0, scans) * 60 / window_s, "read_share": None if share is None else min(1.0, share)}


def _root(row: Row) -> tuple[str, str]:
    """Schema and name of the table as statements call it: the partitioned one of a partition."""
    return row.get("root_schema") or row["schema"], row.get("root_table") or row["table"]


def _together(row: Row, database: str, tables: dict[tuple[Any, ...], Row]) -> Row:
    """Rows and size of all partitions of the table as statements call it; of what is no partition its own."""
    if not row.get("root_table"):
        return {}
    same = (one for key, one in tables.items() if key[0] == database and _root(one) == _root(row))
    parts = [one for one in same if one.get("root_table")]  # the whole table has statistics of its own, too
    return {name: sum(float(one[name] or 0) for one in parts) for name in ("rows", "size")}


def _unexplained(row: Row) -> Row:
    return {**dict.fromkeys((*UNSEEN, *OF_STATEMENT)), **row, "column": "?", "confidence": "heuristic"}


async def _missing(
    context: Context, statement: Row, tables: dict[tuple[Any, ...], Row], meant: defaultdict[tuple[Any, ...], float]
) -> Any:
    """A row for each whole-table read of `statement` that an index would save.

    Adds to `meant`, by table, how many of its full reads a minute the statement wants: no index would save those.
    """
    text, database = str(statement["query"]), statement["database"]
    words = text.lower().replace("`", "")
    mentioned = {
        (key[1], key[2]): row
        for key, row in tables.items()
        if (key[0] == database and _root(row)[1].lower() in words)
        or (context.facts.engine != "postgres" and f"{key[1]}.{key[2]}".lower() in words)
    }
    if not mentioned:
        return
    scans, planned = await _scans(context, statement, next(iter(mentioned))[0])
    if not statement["chooses"] and not statement["ever"]:
        for one in mentioned:
            meant[(database, *one)] += _per_minute(statement, context)
    for scan in (_sorted(_as_written(one, text), text, context.facts.engine) for one in scans):
        name = scan.table if any(key[1] == scan.table for key in mentioned) else _meant(scan.alias, text)
        place = next((key for key in mentioned if key[1] == name and scan.schema in (None, key[0])), None)
        if place is None:
            continue
        row = mentioned[place]
        if not planned and (row["scans_per_min"] == 0 or statement["ever"] or _cheap(statement)):
            continue
        table = await table_of(context, row, database)
        best = advice(scan, table, context.facts.engine)
        if best is None and planned and not statement["ever"]:
            meant[(database, *place)] += _per_minute(statement, context)
        if best is not None:
            whole = row | _together(row, database, tables)
            yield _row(statement, whole, table, scan, best, planned, context)


def _per_minute(statement: Row, context: Context) -> float:
    return float(60 * (statement["calls"] or math.inf) / (context.window or 1))


def _cheap(statement: Row) -> bool:
    """Whether the server counted that the statement reads few rows."""
    return bool(
        statement["calls"] and statement["examined"] is not None and statement["examined"] < 1000 * statement["calls"]
    )


async def _scans(context: Context, statement: Row, schema: str) -> tuple[list[Scan], bool]:
    """The whole-table reads the planner chooses, or those the text suggests; and whether it was the planner."""
    text, engine = str(statement["query"]), context.facts.engine
    try:
        plan = await context.plan(statement.get("raw") or text, database=statement["database"], schema=schema)
    except (OutsideFailed, WriteRefused) as failure:
        if isinstance(failure, Denied):
            context.better, context.better_grant = f"EXPLAIN was refused: {failure}", failure.grant
        return list(_from_text(text, engine)), False
    return (plans.postgres_scans(plan) if engine == "postgres" else plans.mysql_scans(plan)), True


def _meant(alias: str, text: str) -> str | None:
    """The table that an alias stands for."""
    found = re.search(rf"(\w+)`?\s+(?:as\s+)?`?{re.escape(alias)}`?(?=[\s,)]|$)", text, re.IGNORECASE)
    return found[1] if found else None


def _as_written(scan: Scan, text: str) -> Scan:
    """The conditions in the order of the statement, which its author chose; planners sort them."""
    words = text.lower()
    places = {term: at if (at := words.find(term.column.lower())) >= 0 else len(words) for term in scan.terms}
    return replace(scan, terms=tuple(sorted(scan.terms, key=lambda term: places[term])))


def _sorted(scan: Scan, text: str, engine: str) -> Scan:
    """With the columns of its order, where a limit follows; plans of MySQL and MariaDB do not tell them."""
    if engine == "postgres" or not FEW.search(text):
        return scan
    asked = statements.asks(text, engine)
    if len(asked.tables) != 1 or asked.group_by:
        return scan
    return replace(scan, sort=tuple(one.column for one in asked.order_by))


def _from_text(text: str, engine: str) -> Iterator[Scan]:
    asked = statements.asks(text, engine)
    terms: dict[str, list[Term]] = {}
    for one in asked.predicates:
        if (kind := KINDS.get(one.op)) is not None:
            expression = WRAPPED.get(one.function or "", "{function}({column}, …)") if one.function else None
            if expression is not None:
                expression = expression.format(function=one.function, column=one.column)
            terms.setdefault(one.table, []).append(Term(column=one.column, kind=kind, expression=expression))
    for join in asked.joins:
        for table, column in ((join.table, join.column), (join.other_table, join.other_column)):
            if table not in terms:
                terms[table] = [Term(column=column, kind="join")]
    for table, found in terms.items():
        yield Scan(table=table, alias=table, terms=tuple(found))


async def table_of(context: Context, row: Row, database: str) -> Table:
    """What the catalogue says of the table in `row`: schema, table, rows, size; the context is that of this check."""
    place = {"schema": row["schema"], "table": row["table"]}
    elsewhere = database if context.facts.engine == "postgres" else None
    columns = await context.rows(context.query("columns"), place, database=elsewhere)
    indexes = await context.rows(context.query("indexes"), place, database=elsewhere)
    return Table(
        schema=row["schema"],
        name=row["table"],
        rows=float(row["rows"] or 0),
        size=int(row["size"] or 0),
        types={one["column"]: str(one["type"]).lower() for one in columns},
        indexes=tuple(
            Index(name=one["name"], keys=_keys(one["keys"]), valid=bool(one["valid"]), partial=bool(one["partial"]))
            for one in indexes
        ),
    )


def _keys(keys: Any) -> tuple[str, ...]:
    return (
        tuple(str(keys or "").split(",")) if isinstance(keys, str) or keys is None else tuple(str(key) for key in keys)
    )


def _row(statement: Row, row: Row, table: Table, scan: Scan, best: Advice, planned: bool, context: Context) -> Row:
    kept = _kept(statement, table, scan)
    scans, window_s = row["scans_per_min"], context.window or 1
    hidden, shown = HIDDEN.get(context.facts.engine, (None, None)) if best.kind == "reindex" else (None, None)
    if scans is None and statement["calls"] and not statement["ever"]:
        scans = statement["calls"] * 60 / window_s
    schema, name = _root(row)
    return {
        **row,
        "schema": schema,
        "table": name,
        "locking": "yes" if context.facts.engine != "postgres" and LOCKING.search(str(statement["query"])) else None,
        "partitioned": None if name == row["table"] else "yes",
        "scans_per_min": scans,
        "column": best.columns[0] if len(best.columns) == 1 else "+".join(best.columns),
        "columns": ", ".join(best.columns),
        "kind": best.kind,
        "keys": ", ".join(best.keys),
        "index": best.name.replace(table.name, name, 1),
        "defeated": best.defeated,
        "wrapped": best.wrapped,
        "rewrite": best.rewrite,
        "hidden": hidden,
        "shown": shown,
        "type": table.types[best.columns[0]],
        "kept": kept,
        "planned": "yes" if planned else None,
        "confidence": "measured" if planned and statement["confidence"] == "measured" else "estimate",
        **{name: statement[name] for name in OF_STATEMENT},
    }


def _kept(statement: Row, table: Table, scan: Scan) -> float | None:
    """The share of the table's rows that the statement wants, by what the server counted, else by the planner."""
    calls, returned, examined = statement["calls"], statement["rows"], statement["examined"]
    if calls and returned is not None and examined:
        return min(1.0, float(returned) / float(examined))
    planned = float(scan.rows / table.rows) if scan.rows is not None and table.rows else None
    if calls and returned is not None and returned > calls and table.rows:
        counted = float(returned) / float(calls) / table.rows
        return counted if planned is None else min(counted, planned)
    if planned in (None, 1.0) and any(term.kind in ("equal", "join") for term in scan.terms):
        return 0.0  # without statistics of the column, MariaDB expects every row
    return planned
