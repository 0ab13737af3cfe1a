"""Answers that list: the costliest statements, the largest tables, what an instance is."""

from __future__ import annotations

from collections.abc import Sequence

from dbmedic.core.values import Measure
from dbmedic.diagnosis import said
from dbmedic.diagnosis.disk import disk_table, disk_verdict, sized
from dbmedic.diagnosis.evidence import Evidence
from dbmedic.diagnosis.page import Page
from dbmedic.diagnosis.symptoms import Symptom

LISTED = 5
COLUMNS = ("share", "waiting", "calls", "mean_s", "running", "busy", "rows")
"""Columns shown of a statement, in this order."""
WAITS, LEAST_BUSY = 0.1, 0.01
"""Share of its looks spent waiting for locks, and sessions busy with it, from which they are worth a word."""


def listing(page: Page, symptom: Symptom, seen: Evidence, instance: str, names: Sequence[str] = ()) -> None:
    """Rows of the checks that the question asks to see; what it names comes first."""
    reader = page.reader
    if symptom.lead and symptom.lead[0] in seen.checked and _failed(symptom.lead[0], seen):
        page.said("verdict.unseen_lead", instance=instance)
        return
    if symptom.id == "table-sizes":
        for one in sized(seen, names):
            words = said.shown(one, reader)
            rows = f"{reader.say('column.rows')} {words['rows']}" if "rows" in words else ""
            what = reader.listed([part for part in (f"`{one.values.get('name')}` {words['size']}", rows) if part])
            page.said("verdict.asked", one.id, instance=instance, what=what)
            page.gap()
        page.said("verdict.sizes", instance=instance)
        disk_table(page, seen, rows=2 * LISTED, names=names)
        return
    measures = [one for check in symptom.lead for one in seen.of(check)]
    distinct: dict[str, Measure] = {}
    for one in measures:
        distinct.setdefault(said.statement(one) or one.object, one)
    if not distinct:
        page.said("verdict.no_statements", instance=instance)
        return
    page.said("verdict.list", instance=instance)
    page.gap()
    for number, one in enumerate(list(distinct.values())[:LISTED], 1):
        words = said.shown(one, reader)
        if (one.values.get("waiting") or 0) < WAITS:
            words.pop("waiting", None)
        if (one.values.get("busy") or 0) < LEAST_BUSY:
            words.pop("busy", None)
        numbers = [f"{reader.say(f'column.{name}')} {words[name]}" for name in COLUMNS if name in words]
        text = said.statement(one) or one.object
        page.add(f"{number}. `{text}` {reader.listed(numbers)}", one.id)


def _failed(check: str, seen: Evidence) -> bool:
    return seen.checked[check].level == "failed" and not seen.of(check)


def facts(page: Page, symptom: Symptom, seen: Evidence) -> None:
    """One sentence per check, whatever its level; what the page has told already is not told again."""
    for check in symptom.lead:
        for one in seen.of(check)[:1]:
            if one.id not in page.rests:
                page.bullet(said.finding(one, page.reader), one.id)


def second(page: Page, symptom: Symptom, seen: Evidence, instance: str) -> None:
    """The short answer to a second thing the question asked."""
    page.gap()
    if symptom.style == "disk":
        disk_verdict(page, seen, instance)
    else:
        facts(page, symptom, seen)
