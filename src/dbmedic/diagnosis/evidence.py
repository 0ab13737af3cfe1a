"""What a turn has learnt so far, folded out of its events: findings, their measures, what was normal, what failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from dbmedic.core.events import Checked, Event, Found, Measured, Skipped, ToolCalled, ToolReturned
from dbmedic.core.values import Finding, Measure


class Fact(Struct, frozen=True):
    """A finding with the measure it rests on."""

    finding: Finding
    measure: Measure

    @property
    def check(self) -> str:
        return self.finding.check

    @property
    def values(self) -> dict[str, Any]:
        return self.measure.values


class Refusal(Struct, frozen=True, kw_only=True):
    """A tool that failed as a whole."""

    call: str
    tool: str
    code: str
    """Code of the error: "unreachable", "sign_in_failed", "timeout" …"""
    sentence: str


class Evidence(Struct, frozen=True, kw_only=True):
    """Everything measured in a turn; a check that ran twice counts with its last run."""

    facts: tuple[Fact, ...] = ()
    checked: dict[str, Checked] = {}
    """By check; the worst object's where a check has several."""
    measures: dict[str, Measure] = {}
    """By id."""
    skipped: frozenset[str] = frozenset()
    calls: tuple[ToolCalled, ...] = ()
    failures: tuple[Refusal, ...] = ()
    returned: int = 0
    """Calls that came back, well or not."""

    @property
    def ran(self) -> frozenset[str]:
        return frozenset(self.checked) | self.skipped

    def of(self, check: str) -> list[Measure]:
        """The measures behind a check, in the order they came."""
        return [one for one in self.measures.values() if one.what == check]


_WORST = {"error": 0, "warning": 1, "failed": 2, "normal": 3}


def evidence(events: Iterable[Event]) -> Evidence:
    """Folds the events of one turn."""
    measures: dict[str, Measure] = {}
    found: dict[str, Found] = {}
    last_call: dict[str, str] = {}
    checked: dict[str, Checked] = {}
    skipped: set[str] = set()
    calls: list[ToolCalled] = []
    failures: list[Refusal] = []
    returned = 0
    for event in events:
        match event:
            case Measured(measure=measure):
                measures[measure.id] = measure
            case Found(finding=finding):
                found[finding.key] = event
                last_call[finding.check] = event.call
            case Checked():
                before = checked.get(event.check)
                newer = before is None or before.call != event.call
                if newer or (before is not None and _WORST[event.level] < _WORST[before.level]):
                    checked[event.check] = event
                if newer:
                    last_call[event.check] = event.call
            case Skipped():
                skipped.add(event.check)
            case ToolCalled():
                calls.append(event)
            case ToolReturned():
                returned += 1
                if not event.ok:
                    tool = next((call.tool for call in calls if call.call == event.call), "")
                    code, _, sentence = event.content.partition(": ")
                    failures.append(Refusal(call=event.call, tool=tool, code=code, sentence=sentence or event.content))
            case _:
                pass
    facts = tuple(
        Fact(event.finding, measures[event.finding.measure])
        for event in found.values()
        if event.finding.measure in measures and last_call[event.finding.check] == event.call
    )
    return Evidence(
        facts=facts,
        checked=checked,
        measures=measures,
        skipped=frozenset(skipped),
        calls=tuple(calls),
        failures=tuple(failures),
        returned=returned,
    )
