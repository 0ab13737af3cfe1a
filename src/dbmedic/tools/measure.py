"""Runs named checks; what they saw goes into the log as measurements and findings, and to the model as text."""

from __future__ import annotations

from dbmedic.agent.tool import Context, tool
from dbmedic.checks.check import catalogue, render
from dbmedic.checks.run import run
from dbmedic.core.errors import BadField
from dbmedic.core.events import Checked, Event, Found, Measured, Skipped
from dbmedic.core.history import Asked
from dbmedic.core.values import Measure
from dbmedic.kit.units import show

FINE_VALUES = 4
"""Values shown to a model for a check that found nothing."""


@tool
async def measure(context: Context, instance: str, checks: list[str]) -> str:
    """Run checks of the catalogue on an instance, by id, and return what they measured.

    instance: id of the instance.  checks: ids such as "disk-used", "conn-usage", "blocking-tree", "top-queries".
    Nothing is changed on the database.
    """
    known = catalogue()
    if unknown := [check for check in checks if check not in known]:
        raise BadField("checks", f"no such check: {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    return await measured(context, instance, checks)


async def measured(context: Context, instance: str, checks: list[str], asked: Asked | None = None) -> str:
    """Runs the checks, says their events, and tells a model what came of them, worst first.

    Checks of the history look at the time that was `asked` about.
    """
    target = (await context.target(instance))._replace(asked=asked)
    heard: list[Event] = []

    async def say(event: Event) -> None:
        heard.append(event)
        await context.say(event)

    await run(
        checks,
        target,
        call=context.call,
        say=say,
        new_measure=context.new_measure,
        now=context.now,
        budget_s=context.budget_s,
        window_s=context.window_s,
    )
    return summary(heard)


def summary(events: list[Event]) -> str:
    """Findings, then what is fine, then what could not be seen; each value with the id of its measure."""
    known = catalogue()
    measures = {event.measure.id: event.measure for event in events if isinstance(event, Measured)}
    findings, fine, unseen = [], [], []
    for event in events:
        match event:
            case Found(finding=finding):
                one = measures[finding.measure]
                said = render(known[finding.check], one, "en")
                fix = f"\n  fix ({finding.fix.safety}, needs approval): {finding.fix.statement}" if finding.fix else ""
                posture = " (posture, never the cause of slowness)" if finding.posture else ""
                findings.append(f"{finding.level}{posture} {finding.check} on {finding.object} [{one.id}]: {said}{fix}")
            case Checked(level="normal"):
                values = "; ".join(_values(measures[id]) for id in event.measures[:2] if id in measures)
                fine.append(f"normal {event.check}" + (f": {values}" if values else ""))
            case Checked(level="failed"):
                grant = f" Would help: {event.grant}" if event.grant else ""
                unseen.append(f"not measured {event.check} ({event.reason}): {event.sentence}{grant}")
            case Skipped():
                unseen.append(f"does not apply {event.check}: {event.because}")
    findings.sort(key=lambda line: not line.startswith("error"))
    return "\n".join([*findings, *fine, *unseen]) or "Nothing was measured."


def _values(measure: Measure) -> str:
    shown = [
        f"{name} {show(value, measure.units[name])}"
        for name, value in measure.values.items()
        if name in measure.units and measure.units[name] not in {"sql", "text", "ident"} and value is not None
    ]
    return f"{measure.object}: {', '.join(shown[:FINE_VALUES])} [{measure.id}]"
