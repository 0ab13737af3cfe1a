"""What the server's log reports, listed: the errors by kind, with how often, from when to when and what they met."""

from __future__ import annotations

from dbmedic.core.values import Measure
from dbmedic.diagnosis import said
from dbmedic.diagnosis.evidence import Evidence
from dbmedic.diagnosis.page import Page

ASKED = ("errors",)
"""Symptoms whose answer lists what the log reports, faults or not."""
LISTED = 8


def reported(page: Page, symptom: str, seen: Evidence, instance: str, told: frozenset[str]) -> None:
    """A line for each kind of error, the most frequent first; `told` are measures that the answer has told already."""
    if symptom not in ASKED:
        return
    checked = seen.checked.get("log-error-rate")
    errors = sorted(seen.of("log-error-rate"), key=_count, reverse=True)
    left = [one for one in errors if one.id not in told]
    if left:
        page.gap()
        page.said("part.reported", instance=instance, count=len(errors))
        page.gap()
        for one in left[:LISTED]:
            page.bullet(said.finding(one, page.reader), one.id)
    elif not errors and checked is not None and checked.level == "normal":
        page.gap()
        page.said("part.reported_none", instance=instance)


def _count(one: Measure) -> int:
    return int(one.values.get("seen") or 0)
