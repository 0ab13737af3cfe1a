"""Answers that list: the costliest statements, the largest tables, what an instance is."""

from __future__ import annotations

from dbmedic.core.values import Measure
from dbmedic.diagnosis import said
from dbmedic.diagnosis.disk import disk_table, disk_verdict
from dbmedic.diagnosis.evidence import Evidence
from dbmedic.diagnosis.page import Page
from dbmedic.diagnosis.symptoms import Symptom

LISTED = 5
COLUMNS = ("share", "calls", "mean_s", "running", "busy", "rows")
"""Columns shown of a statement, in this order."""


def listing(page: Page, symptom: Symptom, seen: Evidence, instance: str) -> None:
    """Rows of the checks that the question asks to see."""
    reader = page.reader
    if symptom.id == "table-sizes":
        page.said("verdict.sizes", instance=instance)
        disk_table(page, seen, rows=2 * LISTED)
        return
    rows = [one for check in symptom.lead for one in seen.of(check)]
    distinct: dict[str, Measure] = {}
    for one in rows:
        distinct.setdefault(said.statement(one) or one.object, one)
    if not distinct:
        page.said("verdict.no_statements", instance=instance)
        return
    page.said("verdict.list", instance=instance)
    page.gap()
    for number, one in enumerate(list(distinct.values())[:LISTED], 1):
        words = said.shown(one, reader)
        numbers = [f"{reader.say(f'column.{name}')} {words[name]}" for name in COLUMNS if name in words]
        text = said.statement(one) or one.object
        page.add(f"{number}. `{text}` {reader.listed(numbers)}", one.id)


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
