"""Indexes for the workload as a whole, tried out by the planner where the server can imagine them.

Where it cannot, what one would save is estimated from how many rows the statements look at and give; it says so.
"""

from __future__ import annotations

import re
from typing import Any

from dbmedic.checks import index_forms, indexing, planned
from dbmedic.checks.advice import Table
from dbmedic.checks.catalogue.schema_object_analysis import missing_index
from dbmedic.checks.check import catalogue
from dbmedic.checks.context import Context
from dbmedic.checks.index_forms import Column
from dbmedic.checks.indexing import Candidate, Choice
from dbmedic.checks.planned import Planned
from dbmedic.checks.template import ident
from dbmedic.core.errors import OutsideFailed, Unmeasured, WriteRefused
from dbmedic.core.values import Row
from dbmedic.kit import plans, statements
from dbmedic.kit.statements.needs import Condition, needs

FLOOR_ROWS = 10_000
BUDGET, LEAST_BUDGET = 0.25, 64 * 2**20
"""Bytes of new indexes: this part of the tables they are on, and never less than this."""
TRIALS = 60
"""Plans asked for in one run."""
MANY = 20
"""Rows a call from which visiting the table for each is worth avoiding."""


async def rows(context: Context) -> list[Row]:
    """One row per chosen index."""
    load = await planned.planned(context)
    tables = await _tables(context, load)
    found: list[Candidate] = []
    try:
        costs = await _tried(context, load, tables, found)
        proof = "planner"
    except Unmeasured as missing:
        context.better, context.better_grant = str(missing), missing.grant
        found.clear()
        costs, proof = _estimated(context, load, tables, found), "estimate"
    whole = sum(float(one.statement["share"] or 0) for one in load) or 1.0
    weights = [float(one.statement["share"] or 0) / max(1.0, whole) for one in load]
    budget = max(LEAST_BUDGET, BUDGET * sum(table.size for table in tables.values()))
    picked = indexing.chosen(found, costs, weights, budget)
    return [await _row(context, one, load, tables, proof, costs, found) for one in picked]


async def _tables(context: Context, load: list[Planned]) -> dict[tuple[Any, ...], Table]:
    """What the catalogue says of each table that is large enough."""
    source = catalogue()["missing-index"].engine(context.facts.engine)
    other = Context(context.lanes, context.cost, source, ahead=True)
    found: dict[tuple[Any, ...], Table] = {}
    for one in load:
        for name, key in _keys(one).items():
            row = one.tables[name]
            if key not in found and (row["rows"] or 0) >= FLOOR_ROWS:
                found[key] = await missing_index.table_of(other, row, one.statement["database"])
    return found


def _keys(one: Planned) -> dict[str, tuple[Any, ...]]:
    """The tables of a statement by their own names."""
    return {
        str(row["table"]): (one.statement["database"], row["schema"], row["table"])
        for name, row in one.tables.items()
        if name == row["table"]
    }


async def _tried(
    context: Context, load: list[Planned], tables: dict[tuple[Any, ...], Table], found: list[Candidate]
) -> list[dict[int, float]]:
    """The part of its effort that each statement would keep with each candidate, by the planner; fills `found`.

    First the plain ones; then the best plain one of each table in its other forms.  Raises `Unmeasured` where the
    server cannot imagine an index.
    """
    costs: list[dict[int, float]] = [{} for _ in load]
    changed = _changed(context, load)
    left = TRIALS

    async def tried(number: int, candidate: Candidate) -> None:
        nonlocal left
        before = plans.effort(load[number].plan)
        if candidate not in found:
            found.append(candidate)
        if before is None or left <= 0:
            return
        left -= 1
        try:
            after = await _with(context, load[number], candidate, before[0])
        except (OutsideFailed, WriteRefused, ValueError) as failure:
            if isinstance(failure, Unmeasured):
                raise
            return
        costs[number][found.index(candidate)] = after

    for number, one in enumerate(load):
        asked = statements.asks(str(one.statement["query"]), context.facts.engine)
        for name, key in _keys(one).items():
            if key not in tables:
                continue
            own = indexing.candidates(asked, {name: tables[key]})
            for candidate in own:
                await tried(number, candidate)
            measured = [at for at in costs[number] if found[at] in own]
            if measured:
                best = found[min(measured, key=lambda at: (costs[number][at], found[at].size))]
                for form in await _forms(context, one, tables[key], best, changed):
                    await tried(number, form)
    return costs


async def _with(context: Context, one: Planned, candidate: Candidate, before: float) -> float:
    """The part of its effort that a statement would keep with the index."""
    statement, engine = one.statement, context.facts.engine
    text = str(statement.get("raw") or statement["query"])
    raw = await context.plan(
        text, database=statement["database"], schema=candidate.schema, indexes=[candidate.definition(engine)]
    )
    after = plans.effort(plans.of(raw, engine))
    return min(1.0, after[0] / before) if after is not None and before else 1.0


async def _forms(
    context: Context, one: Planned, table: Table, best: Candidate, changed: frozenset[tuple[str, str]]
) -> list[Candidate]:
    """A candidate of PostgreSQL as a covering and as a partial one, and as both, where these can be worth trying."""
    needed = needs(str(one.statement["query"]), context.facts.engine)
    if needed is None:
        return []
    known = await _known(context, one, table)
    partials = []
    for condition in _always(one, context.facts.engine):
        column = await _column(context, one, table, condition.column, condition.value)
        if (made := index_forms.partial(best, table, condition, column)) is not None:
            partials.append(made)
    forms = sorted(partials, key=lambda made: made.part)[:1]
    if context.facts.version >= (11,):
        held = [index_forms.covering(form, table, needed, changed, known, include=True) for form in (best, *forms)]
        forms += [form for form in held if form is not None]
    return forms


def _always(one: Planned, engine: str) -> list[Condition]:
    """The conditions without placeholder that stand in every text of the statement that was seen."""
    texts = [str(text) for text in one.statement.get("raws") or ()] or [str(one.statement["query"])]
    sets = [
        frozenset(found.conditions) if (found := needs(text, engine)) is not None else frozenset() for text in texts
    ]
    common = sets[0].intersection(*sets[1:])
    return sorted(common)


def _changed(context: Context, load: list[Planned]) -> frozenset[tuple[str, str]]:
    """Columns that statements of the workload set: an index that holds one is written each time."""
    read = [needs(str(one.statement["query"]), context.facts.engine) for one in load]
    return frozenset(column for found in read if found is not None for column in found.changes)


async def _known(context: Context, one: Planned, table: Table) -> dict[str, Column]:
    """The server's statistics of a table's columns, without any value of them; empty where they are hidden."""
    place = {"schema": table.schema, "table": table.name, "value": ""}
    try:
        rows = await context.rows(context.query("statistics"), place, database=one.statement["database"])
    except OutsideFailed:
        return {}
    return {str(row["column"]): _statistics(row) for row in rows}


async def _column(context: Context, one: Planned, table: Table, column: str, value: str) -> Column | None:
    """The statistics of one column, with how frequent a value is."""
    place = {"schema": table.schema, "table": table.name, "value": value}
    try:
        rows = await context.rows(context.query("statistics"), place, database=one.statement["database"])
    except OutsideFailed:
        return None
    return next((_statistics(row) for row in rows if row["column"] == column), None)


def _statistics(row: Row) -> Column:
    return Column(
        nulls=float(row["nulls"]),
        distinct=float(row["distinct"]),
        width=float(row["width"]),
        frequency=None if row["frequency"] is None else float(row["frequency"]),
        common=float(row["common"]),
    )


def _guessed(one: Planned) -> float:
    """The part of its rows that a statement gives of those it looks at: what an index that fits would leave."""
    statement = one.statement
    if statement["calls"] and statement["rows"] is not None and statement["examined"]:
        return float(max(0.01, min(1.0, (statement["rows"] or 0) / statement["examined"])))
    read = sum(node.reads or 0.0 for node in plans.steps(one.plan) if node.does in ("scan", "walk"))
    largest = max((float(row["rows"] or 0) for row in one.tables.values()), default=0.0)
    came = (statement["rows"] or 0) / statement["calls"] if statement["calls"] else 0.0
    return max(0.01, min(1.0, came / max(1.0, read, largest)))


def _estimated(
    context: Context, load: list[Planned], tables: dict[tuple[Any, ...], Table], found: list[Candidate]
) -> list[dict[int, float]]:
    """Per statement the first candidate of each table that it now reads whole though it asks for a part of it.

    An index that only brings all rows into an order may save a sort, which nothing but a planner can tell.  On InnoDB
    it holds all that is read where that is little, and the statement gives so many rows that visiting each would cost.
    """
    engine = context.facts.engine
    changed = _changed(context, load)
    costs: list[dict[int, float]] = []
    for one in load:
        words, needed = statements.asks(str(one.statement["query"]), engine), needs(str(one.statement["query"]), engine)
        mine: dict[int, float] = {}
        whole = {one.tables[node.relation]["table"] for node in plans.steps(one.plan)
                 if node.does in ("scan", "walk") and node.relation in one.tables}  # fmt: skip
        for name, key in _keys(one).items():
            narrowed = any(term.table == name for term in words.predicates) or words.joins
            if key in tables and name in whole and narrowed:
                for candidate in indexing.candidates(words, {name: tables[key]})[:1]:
                    best = candidate
                    if engine != "postgres" and needed is not None and _given(one) >= MANY:
                        wide = index_forms.covering(candidate, tables[key], needed, changed, {}, include=False)
                        best = wide or candidate
                    if best not in found:
                        found.append(best)
                    mine[found.index(best)] = _guessed(one)
        costs.append(mine)
    return costs


def _given(one: Planned) -> float:
    """Rows a call that the statement gives."""
    statement = one.statement
    return float((statement["rows"] or 0) / statement["calls"]) if statement["calls"] else 0.0


async def _row(
    context: Context,
    choice: Choice,
    load: list[Planned],
    tables: dict[tuple[Any, ...], Table],
    proof: str,
    costs: list[dict[int, float]],
    found: list[Candidate],
) -> Row:
    candidate = choice.candidate
    worst = load[choice.statements[0]] if choice.statements else load[0]
    table = tables[(worst.statement["database"], candidate.schema, candidate.table)]
    before = plans.effort(worst.plan)
    number = found.index(candidate)
    left = indexing.kept(found, costs[choice.statements[0]], number) if choice.statements else 1.0
    engine = context.facts.engine
    keys = ", ".join(ident(column, engine) for column in candidate.columns)
    return {
        "schema": candidate.schema,
        "table": candidate.table,
        "database": worst.statement["database"] if context.facts.engine == "postgres" else None,
        "columns": "+".join(candidate.columns),
        "keys": keys,
        "body": candidate.body(engine),
        "held": ", ".join(candidate.include) or ("+" if candidate.covers else None),
        "condition": candidate.where,
        "part": candidate.part if candidate.where else None,
        "index": _name(candidate),
        "index_size": candidate.size,
        "saves": choice.saves,
        "helped": len(choice.statements),
        "before": before[0] if before else None,
        "after": before[0] * left if before else None,
        "unit": before[1] if before else None,
        "proof": proof,
        "indexes": len(table.indexes),
        "writes": await _writes(context, worst, candidate),
        "query": worst.statement["query"],
        "queryid": worst.statement["queryid"],
        "confidence": "measured" if proof == "planner" else "estimate",
    }


def _name(candidate: Candidate) -> str:
    """A name that tells the form, for a partial or covering one may stand beside a plain one."""
    form = ("_part" if candidate.where else "") + ("_incl" if candidate.include else "")
    return re.sub(r"\W", "_", f"{candidate.table}_{'_'.join(candidate.columns)}")[: 56 - len(form)] + f"{form}_idx"


async def _writes(context: Context, one: Planned, candidate: Candidate) -> float | None:
    """Rows written to the table a second, over the time since its counters began; each pays for one more index."""
    place = {"schema": candidate.schema, "table": candidate.table}
    try:
        found = await context.rows(context.query("writes"), place, database=one.statement["database"])
    except OutsideFailed:
        return None
    return float(found[0]["writes"]) if found and found[0]["writes"] is not None else None
