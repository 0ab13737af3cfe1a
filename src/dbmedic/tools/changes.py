"""What changed on an instance in a stretch of time, from what the sampler kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dbmedic.agent.tool import Context, tool
from dbmedic.checks.history_changes import Change
from dbmedic.checks.history_since import Compared, compare
from dbmedic.core.errors import BadField
from dbmedic.core.events import Measured
from dbmedic.core.values import Measure, Unit
from dbmedic.kit.units import show, time_text

UNITS: dict[str, Unit] = {
    "throughput": "per_second", "reads": "per_second", "temp_tables": "per_second", "temp_bytes": "bytes_per_second",
    "wal_bytes": "bytes_per_second", "log_bytes": "bytes_per_second", "cpu": "ratio",
}  # fmt: skip
"""Of loads; the others are counts."""


@tool
async def changes(context: Context, instance: str, since: str, until: str | None = None) -> str:
    """Compare a time with what is usual: statements slower or new, load, growth, settings, restarts, indexes.

    instance: id of the instance.  since, until: ISO 8601 times; until is now where it is left out.  Rests on what was
    sampled before; where nothing was, it says so.
    """
    return await told(context, instance, since, until)


async def told(context: Context, instance: str, since: str, until: str | None = None) -> str:
    """Says what changed as measures (what: "history", then "changed" for each), and tells a model the same."""
    start, end = moment("since", since), context.now() if until is None else moment("until", until)
    if end <= start:
        raise BadField("until", f"{until} is not after {since}")
    target = await context.target(instance)
    found = None if target.history is None else await compare(target.history, start, min(end, context.now()))
    if found is None:
        return f"No history is kept: what was before now, and so since {since}, is not known."
    lines = [await _history(context, instance, found)]
    for change in found.changes:
        measure = measured(change, context.new_measure(), instance, context.now())
        await context.say(Measured(call=context.call, measure=measure))
        lines.append(_line(measure))
    if not found.changes:
        lines.append("No statement, load, size, setting, restart or index changed notably.")
    return "\n".join(lines)


def moment(field: str, text: str) -> datetime:
    """An aware time; without an offset it is UTC.  Raises `BadField`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadField(field, f"{text!r} is not a time; write it like 2026-11-21T06:00:00+08:00") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def measured(change: Change, id: str, instance: str, now: datetime) -> Measure:
    """A change as a measure whose source is the history."""
    values: dict[str, Any] = {"kind": change.kind, "name": change.object, "before": change.before, "now": change.now}
    unit: Unit = "text"
    if change.kind in ("slower", "new_statement"):
        unit = "seconds"
    elif change.kind == "more_calls":
        unit = "per_second"
    elif change.kind == "load":
        unit = UNITS.get(change.object, "count")
    elif change.kind == "grown":
        unit = "bytes"
        values |= {"grown": change.now - change.before}
    units: dict[str, Unit] = {"kind": "text", "name": "text", "before": unit, "now": unit, "grown": "bytes"}
    if change.at is not None:
        values["at"], units["at"] = change.at.isoformat(), "time"
    if (one := change.statement) is not None:
        values |= {
            "name": one.query, "queryid": one.queryid, "database": one.database, "calls": round(one.calls),
            "share": one.share, "rows_per_call": one.rows_per_call, "before_rows": one.before_rows,
            "read_per_call": one.read_per_call, "before_read": one.before_read,
        }  # fmt: skip
        units |= {
            "name": "sql", "queryid": "text", "database": "ident", "calls": "count", "share": "ratio",
            "rows_per_call": "count", "before_rows": "count", "read_per_call": "bytes", "before_read": "bytes",
        }  # fmt: skip
    return Measure(
        id=id,
        what="changed",
        instance=instance,
        object=change.object[:200],
        values=values,
        units={name: units[name] for name in values if name in units},
        source="history",
        at=now,
    )


async def _history(context: Context, instance: str, found: Compared) -> str:
    measure = Measure(
        id=context.new_measure(),
        what="history",
        instance=instance,
        object=instance,
        values={
            "since": found.since.isoformat(), "start": found.start.isoformat(), "end": found.end.isoformat(),
            "before": found.before_s,
        },
        units={"since": "time", "start": "time", "end": "time", "before": "seconds"},
        source="history",
        at=context.now(),
    )  # fmt: skip
    await context.say(Measured(call=context.call, measure=measure))
    return (
        f"Sampled since {time_text(found.since)}; compared {time_text(found.start)} to {time_text(found.end)} with "
        f"what is usual. [{measure.id}]"
    )


def _line(measure: Measure) -> str:
    values, units = measure.values, measure.units
    before, now = (show(values[name], units[name]) for name in ("before", "now"))
    at = f", seen from {time_text(values['at'])}" if values.get("at") else ""
    calls = f", {values['calls']} calls" if "calls" in values else ""
    return f"{values['kind']} {measure.object}: {before} -> {now}{calls}{at} [{measure.id}]"
