"""Rows of a check -> levels, notes of the gates, fixes.  Pure: rows first, words last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from dbmedic.checks import template
from dbmedic.checks.check import Check, On, Source
from dbmedic.checks.expression import NotAnExpression, number
from dbmedic.core.values import Confidence, Fix, Level, Row, Unit
from dbmedic.kit import statements

MAX_ROWS = 20
MAX_SQL = 2000
ORDER: dict[str, int] = {"error": 0, "warning": 1, "normal": 2}


class Around(Struct, frozen=True, kw_only=True):
    """What a level may depend on besides the row."""

    engine: str
    instance: str
    database: str = ""
    """The one we are connected to; objects of others are named with theirs."""
    standby: bool = False
    uptime: float | None = None
    cores: float | None = None
    window: float | None = None
    thresholds: Mapping[str, str | float] = {}
    """Overrides of the check's own, for this instance."""
    tags: Mapping[str, str] = {}
    """What the operator says of the instance; read as `tag_<name>`, sizes and times as numbers."""


class Judged(Struct, frozen=True, kw_only=True):
    """A row that is kept."""

    object: str
    values: dict[str, Any]
    units: dict[str, Unit]
    level: Level
    confidence: Confidence
    note: str | None = None
    fix: Fix | None = None


def judged(check: Check, on: On, source: Source, rows: Sequence[Row], around: Around) -> list[Judged]:
    """The rows that are kept, the worst first, at most `MAX_ROWS`."""
    limits = {
        name: number(value) if isinstance(value, str) else value
        for name, value in {**check.thresholds, **on.thresholds, **around.thresholds}.items()
    }
    surroundings = {
        "standby": around.standby, "uptime": around.uptime, "cores": around.cores, "window": around.window,
        "database": around.database, **{f"tag_{name}": tagged(value) for name, value in around.tags.items()},
    }  # fmt: skip
    full: list[dict[str, Any]] = [{**surroundings, **limits, **row} for row in rows]
    for name, expression in check.derive.items():
        for row, value in [(row, expression(row, full)) for row in full]:
            row[name] = value
    kept = [row for row in full if check.keep is None or check.keep.holds(row, full)]
    found = [_judged(check, on, source, row, full, around) for row in kept]
    return sorted(found, key=lambda one: ORDER[one.level])[:MAX_ROWS]


def tagged(value: str) -> str | float:
    """A tag's value: a number where it is one, such as `15min`, else its text."""
    try:
        return number(value)
    except NotAnExpression:
        return value.strip().lower()


def _judged(check: Check, on: On, source: Source, row: dict[str, Any], rows: Sequence[Row], around: Around) -> Judged:
    level = _level(check, row, rows)
    confidence: Confidence = row.get("confidence") or source.confidence or check.confidence
    note: str | None = None
    for gate, expression in check.gates.items():
        if level == "normal" or not expression.holds(row, rows):
            continue
        if gate == "G7":
            level, confidence, note = "warning", "heuristic", gate
        else:
            level, note = "normal", gate
    values, units = _values(check, row, around)
    return Judged(
        object=_object(check, row, around),
        values=values,
        units=units,
        level=level,
        confidence=confidence,
        note=note if level == "normal" else None,
        fix=None if level == "normal" else _fix(on, row, units, around),
    )


def _level(check: Check, row: Row, rows: Sequence[Row]) -> Level:
    if check.level.error is not None and check.level.error.holds(row, rows):
        return "error"
    if check.level.warning is not None and check.level.warning.holds(row, rows):
        return "warning"
    return "normal"


def _values(check: Check, row: Row, around: Around) -> tuple[dict[str, Any], dict[str, Unit]]:
    """The declared columns, statements without their literals."""
    values: dict[str, Any] = {}
    for name, unit in check.columns.items():
        value = row.get(name)
        if unit == "sql" and value:
            value = statements.normalised(str(value)[: 4 * MAX_SQL], around.engine)[:MAX_SQL]
        values[name] = value
    units: dict[str, Unit] = dict(check.columns)
    if (
        around.engine == "postgres"
        and "database" not in units
        and row.get("database") not in (None, "", around.database)
    ):
        values["database"], units["database"] = row["database"], "ident"
    return values, units


def _object(check: Check, row: Row, around: Around) -> str:
    """The name of the object; what lies in another database of a PostgreSQL server is named with that."""
    name = template.named(check.object, row) or around.instance
    elsewhere = row.get("database")
    if around.engine != "postgres" or "database" in check.columns or elsewhere in (None, "", around.database):
        return name
    return f"{elsewhere}.{name}"


def _fix(on: On, row: Row, units: Mapping[str, Unit], around: Around) -> Fix | None:
    for remedy in on.fix:
        if remedy.when is not None and not remedy.when.holds(row):
            continue
        statement = template.statement(remedy.do, row, units, around.engine)
        if statement is None:
            continue
        rollback = template.statement(remedy.rollback, row, units, around.engine) if remedy.rollback else None
        return Fix(
            statement=statement,
            safety=remedy.safety,
            rollback=rollback,
            dangerous=remedy.dangerous,
            planned=remedy.safety != "MAN"
            and around.engine != "redis"  # whose commands are no language to parse
            and statements.kind(statement, around.engine) != "unknown",
        )
    return None
