"""What the question itself asked, answered before any cause: a number, what changed, a statement sent along."""

from __future__ import annotations

from dbmedic.diagnosis import said
from dbmedic.diagnosis.changed import changed
from dbmedic.diagnosis.evidence import Evidence
from dbmedic.diagnosis.page import Page
from dbmedic.diagnosis.rank import Verdict
from dbmedic.diagnosis.symptoms import Symptom
from dbmedic.diagnosis.understand import Understood


def number(page: Page, asked: Understood, symptom: Symptom, verdict: Verdict, seen: Evidence) -> None:
    """The number that was asked for, or that it could not be seen, where another fault would come first."""
    elsewhere = all(cause.outside for cause in verdict.roots)
    if not (asked.wants_number or elsewhere) or not verdict.roots or symptom.style != "verdict":
        return
    roots = {cause.fact.check for cause in verdict.roots}
    first = seen.checked.get(symptom.lead[0]) if symptom.lead else None
    if first is not None and first.level == "failed" and not seen.of(first.check):
        page.said("verdict.unseen_lead", instance=asked.instance)
        page.gap()
        page.said("verdict.besides")
        return
    for check in symptom.lead:
        if check in roots:
            return
        if (item := _said(check, seen, page)) is not None:
            page.said("verdict.asked", item[1], instance=asked.instance, what=item[0])
            page.gap()
            page.said("verdict.besides")
            return


def changes(page: Page, asked: Understood, seen: Evidence) -> None:
    """What is different, or that nobody can know; then comes what is so now."""
    if seen.of("history"):
        changed(page, asked.window, seen)
    else:
        page.said("verdict.asked", instance=asked.instance, what=page.reader.say("changed.never").rstrip(".。"))
    page.gap()


def statement(page: Page, asked: Understood, told: tuple[str, list[str]] | None) -> None:
    """What the planner says of the statement that was asked about."""
    if told is None:
        return
    sql, sentences = told
    page.said("verdict.statement", instance=asked.instance, statement=said.code(said.one_line(sql)))
    page.gap()
    for sentence in sentences:
        page.bullet(sentence)
    page.gap()


def _said(check: str, seen: Evidence, page: Page) -> tuple[str, str] | None:
    """(a check's number in a few words, the measure), whether it is fine or not."""
    fact = next((fact for fact in seen.facts if fact.check == check), None)
    if fact is not None:
        return said.headline(fact, page.reader), fact.measure.id
    for key in ("asked", "fine"):
        for one in seen.of(check)[:1]:
            if (text := said.valued(page.reader, f"{key}.{check}", one)) is not None:
                return text, one.id
    return None
