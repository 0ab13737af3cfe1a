"""Indexes for the workload as a whole, tried out by the planner where the server can imagine them.

Where it cannot, what one would save is estimated from how many rows the statements look at and give; it says so.
"""

from __future__ import annotations

import re
from typing import Any

from dbmedic.checks import indexing, planned
from dbmedic.checks.advice import Table
from dbmedic.checks.catalogue.schema_object_analysis import missing_index
from dbmedic.checks.check import catalogue
from dbmedic.checks.context import Context
from dbmedic.checks.indexing import Candidate, Choice
from dbmedic.checks.planned import Planned
from dbmedic.checks.template import ident
from dbmedic.core.errors import Failure, OutsideFailed, Unmeasured
from dbmedic.core.values import Row
from dbmedic.kit import plans, statements

FLOOR_ROWS = 10_000
BUDGET, LEAST_BUDGET = 0.25, 64 * 2**20
"""Bytes of new indexes: this part of the tables they are on, and never less than this."""
TRIALS = 60
"""Plans asked for in one run."""


async def rows(context: Context) -> list[Row]:
    """One row per chosen index."""
    load = await planned.planned(context)
    tables = await _tables(context, load)
    asked = [statements.asks(str(one.statement["query"]), context.facts.engine) for one in load]
    found: list[Candidate] = []
    costs: list[dict[int, float]] = [{} for _ in load]
    proof, trials = "planner", 0
    for number, one in enumerate(load):
        own = {name: tables[key] for name, key in _keys(one).items() if key in tables}
        before = plans.effort(one.plan)
        for candidate in indexing.candidates(asked[number], own) if before is not None else ():
            if candidate not in found:
                found.append(candidate)
            trials += 1
            if trials > TRIALS:
                continue
            left: float | None = None
            if proof == "planner":
                try:
                    left = await _tried(context, one, candidate, before[0] if before else 0.0)
                except Unmeasured as missing:
                    proof, costs = "estimate", [{} for _ in load]
                    context.better, context.better_grant = str(missing), missing.grant
                    left = None
                except (Failure, ValueError):
                    continue
            costs[number][found.index(candidate)] = _guessed(one) if left is None else left
    if proof == "estimate":
        found, costs = _estimated(load, asked, tables)
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


async def _tried(context: Context, one: Planned, candidate: Candidate, before: float) -> float | None:
    """The part of its effort that a statement would keep with the index, by the planner."""
    statement, engine = one.statement, context.facts.engine
    text = str(statement.get("raw") or statement["query"])
    raw = await context.plan(
        text, database=statement["database"], schema=candidate.schema, indexes=[candidate.definition(engine)]
    )
    after = plans.effort(plans.of(raw, engine))
    return min(1.0, after[0] / before) if after is not None and before else 1.0


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
    load: list[Planned], asked: list[statements.Asks], tables: dict[tuple[Any, ...], Table]
) -> tuple[list[Candidate], list[dict[int, float]]]:
    """Per statement the first candidate of each table that it now reads whole though it asks for a part of it.

    An index that only brings all rows into an order may save a sort, which nothing but a planner can tell.
    """
    found: list[Candidate] = []
    costs: list[dict[int, float]] = []
    for one, words in zip(load, asked, strict=True):
        mine: dict[int, float] = {}
        whole = {one.tables[node.relation]["table"] for node in plans.steps(one.plan)
                 if node.does in ("scan", "walk") and node.relation in one.tables}  # fmt: skip
        for name, key in _keys(one).items():
            narrowed = any(term.table == name for term in words.predicates) or words.joins
            if key in tables and name in whole and narrowed:
                for candidate in indexing.candidates(words, {name: tables[key]})[:1]:
                    if candidate not in found:
                        found.append(candidate)
                    mine[found.index(candidate)] = _guessed(one)
        costs.append(mine)
    return found, costs


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
    left = costs[choice.statements[0]].get(number, 1.0) if choice.statements else 1.0
    keys = ", ".join(ident(column, context.facts.engine) for column in candidate.columns)
    return {
        "schema": candidate.schema,
        "table": candidate.table,
        "database": worst.statement["database"] if context.facts.engine == "postgres" else None,
        "columns": "+".join(candidate.columns),
        "keys": keys,
        "index": re.sub(r"\W", "_", f"{candidate.table}_{'_'.join(candidate.columns)}")[:56] + "_idx",
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


async def _writes(context: Context, one: Planned, candidate: Candidate) -> float | None:
    """Rows written to the table a second, over the time since its counters began; each pays for one more index."""
    place = {"schema": candidate.schema, "table": candidate.table}
    try:
        found = await context.rows(context.query("writes"), place, database=one.statement["database"])
    except OutsideFailed:
        return None
    return float(found[0]["writes"]) if found and found[0]["writes"] is not None else None
