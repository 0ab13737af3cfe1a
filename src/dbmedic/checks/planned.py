"""The plans of the statements that take the most time, asked for once per run, whichever checks want them.

Each is planned in its own database, with the schema in which its role would find its tables.  Statements of counters
hold placeholders: their plan is the generic one, which can differ from that with real values; where the statement was
also seen running, it is planned with its values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.checks import plans, workload
from dbmedic.checks.advice import Advice, Table, advice
from dbmedic.checks.catalogue.schema_object_analysis import missing_index
from dbmedic.checks.check import catalogue
from dbmedic.checks.context import Context
from dbmedic.checks.plans import Scan
from dbmedic.core.errors import Denied, OutsideFailed, WriteRefused
from dbmedic.core.values import Row
from dbmedic.kit import plans as trees
from dbmedic.kit import statements
from dbmedic.kit.plans import Finding, Plan

MOST = 10
"""How many statements are planned."""
LEAST_SHARE = 0.02
OF_STATEMENT = ("query", "queryid", "role", "database", "share", "busy", "calls", "mean_s", "ever")


class Planned(Struct, frozen=True, kw_only=True):
    """A statement with its plan."""

    statement: Row
    plan: Plan
    raw: dict[str, Any]
    tables: dict[str, Row]
    """Name in the plan -> schema, table, rows, size."""
    generic: bool

    def findings(self) -> list[Finding]:
        return trees.findings(self.plan, {name: float(row["rows"] or 0) for name, row in self.tables.items()})

    def row(self, name: str | None, **more: Any) -> Row | None:
        """The columns that all checks of plans share; None for a table that is not known."""
        table = self.tables.get(name or "")
        if table is None:
            return None
        found = {key: self.statement.get(key) for key in OF_STATEMENT}
        return {**found, **table, "generic": "yes" if self.generic else None, **more}


class Kept(Struct, frozen=True, kw_only=True):
    """What was planned, and what would show more."""

    plans: list[Planned]
    window: float | None
    better: str
    grant: str | None


async def planned(context: Context) -> list[Planned]:
    """The plans, the most expensive statement first.  Raises `Denied` where EXPLAIN was refused for all of them."""
    kept: Kept = await context.lanes.once("plans", lambda: _kept(context))
    context.window, context.better, context.better_grant = kept.window, kept.better, kept.grant
    return kept.plans


async def helped(context: Context, one: Planned, scan: Scan) -> tuple[Table, Advice | None]:
    """What the catalogue says of a table that is read whole, and what would serve its conditions."""
    engine = context.facts.engine
    other = Context(context.lanes, context.cost, catalogue()["missing-index"].engine(engine), ahead=True)
    row = one.tables[scan.table]
    table = await missing_index.table_of(other, row, one.statement["database"])
    return table, advice(scan, table, engine)


def scans(one: Planned) -> list[Scan]:
    return plans.postgres_scans(one.raw) if one.plan.engine == "postgres" else plans.mysql_scans(one.raw)


async def _kept(context: Context) -> Kept:
    load = await workload.statements(context)
    worth = [row for row in load if (row["share"] or 0) >= LEAST_SHARE][:MOST]
    found: list[Planned] = []
    refused: Denied | None = None
    for statement in worth:
        try:
            found.append(await _planned(context, statement))
        except Denied as failure:
            refused = failure
            context.better = f"EXPLAIN was refused: {failure}; paste the statement's plan to have it read"
            context.better_grant = failure.grant
        except (OutsideFailed, WriteRefused, ValueError):
            continue
    if refused is not None and not found:
        raise refused
    return Kept(plans=found, window=context.window, better=context.better, grant=context.better_grant)


async def _planned(context: Context, statement: Row) -> Planned:
    text, engine = str(statement["query"]), context.facts.engine
    asked = statements.asks(text, engine).tables
    if engine == "postgres":
        tables = await _tables(context, statement, [one.name for one in asked])
    else:
        tables = await _placed(context, [(one.schema or statement["database"], one.name) for one in asked])
    schema = next((row["schema"] for row in tables.values()), None)
    raw = await context.plan(statement.get("raw") or text, database=statement["database"], schema=schema)
    plan = trees.of(raw, engine)
    names = {node.relation for node in trees.steps(plan) if node.relation} - set(tables)
    if engine == "postgres" and names:
        tables |= await _tables(context, statement, sorted(names))
    elif names:
        tables |= dict(_aliases(names, tables, text))
    generic = not statement.get("raw") and bool(re.search(r"\$\d|\?", text))
    return Planned(statement=statement, plan=plan, raw=raw, tables=tables, generic=generic)


async def _tables(context: Context, statement: Row, names: list[str]) -> dict[str, Row]:
    """PostgreSQL's tables by name; of two of one name that which the role's search path finds first."""
    if not names:
        return {}
    params = {"names": ",".join(dict.fromkeys(names))}
    found = await context.rows(_sql()["postgres"]["tables"], params, database=statement["database"])
    path = await _path(context, statement)
    order = {name: at for at, name in enumerate(path)}
    best: dict[str, Row] = {}
    for row in sorted(found, key=lambda row: order.get(row["schema"], len(order))):
        best.setdefault(str(row["table"]), row)
    return best


async def _placed(context: Context, asked: Sequence[tuple[str | None, str]]) -> dict[str, Row]:
    """MySQL's tables by name, each looked up in the database that the statement says or is in."""
    found: dict[str, Row] = {}
    for database in dict.fromkeys(database for database, _ in asked if database):
        names = ",".join(dict.fromkeys(name for place, name in asked if place == database))
        for row in await context.rows(_sql()["mysql"]["tables"], {"names": names, "database": database}):
            found.setdefault(str(row["table"]), row)
    return found


async def _path(context: Context, statement: Row) -> list[str]:
    """The schemas in which the statement's role looks, in order."""
    rows: list[Row] = await context.lanes.once("paths", lambda: context.rows(_sql()["postgres"]["paths"], {}))
    role, database = statement.get("role"), statement["database"]
    fitting = [row for row in rows if row["role"] in (None, role) and row["database"] in (None, database)]
    fitting.sort(key=lambda row: (row["role"] is None, row["database"] is None))
    said = fitting[0]["path"] if fitting else '"$user", public'
    words = [word.strip().strip('"') for word in str(said).split(",")]
    return [str(role) if word == "$user" else word for word in words]


def _aliases(names: set[str], tables: dict[str, Row], text: str) -> Iterator[tuple[str, Row]]:
    """MySQL and MariaDB call a table by its alias in a plan."""
    for name in names:
        found = re.search(rf"(\w+)`?\s+(?:as\s+)?`?{re.escape(name)}`?(?=[\s,)]|$)", text, re.IGNORECASE)
        if found and found[1] in tables:
            yield name, tables[found[1]]


@cache
def _sql() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = msgspec.toml.decode((Path(__file__).parent / "planned.toml").read_bytes())
    return found
