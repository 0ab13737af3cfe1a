"""Verdict -> the answer, as Markdown in the reader's language.  Pure.

Verdict first, in bold, naming the object; then the numbers, why, what to do (mildest first, each statement with its
lock and risk), what was fine, what could not be seen and the grant that would help.  Short enough for three at night.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from dbmedic.checks.check import catalogue
from dbmedic.diagnosis import directly, said
from dbmedic.diagnosis.changed import changed, known_since
from dbmedic.diagnosis.cure import causes, named
from dbmedic.diagnosis.disk import RECLAIM, TOLD, disk_cures, disk_numbers, disk_verdict
from dbmedic.diagnosis.evidence import Evidence
from dbmedic.diagnosis.lists import facts, listing, second
from dbmedic.diagnosis.page import Page
from dbmedic.diagnosis.rank import Verdict
from dbmedic.diagnosis.reported import reported
from dbmedic.diagnosis.said import Reader
from dbmedic.diagnosis.symptoms import Symptom, broad, symptoms
from dbmedic.diagnosis.understand import Understood
from dbmedic.kit.units import ratio_text, seconds_text, time_text

FINE, UNSEEN, NOTES = 5, 3, 4
"""Items shown: fine checks, unseen ones, notes."""
BUYABLE = ("cpu-saturation", "memory-pressure", "io-latency", "conn-usage", "disk-used")
"""What people want more of; where it is an effect, the answer says that more of it is no cure."""
VITAL = (
    "blocking-tree",
    "wait-profile",
    "active-sessions",
    "top-queries",
    "missing-index",
    "my-full-scan",
    "conn-usage",
)
"""Checks without which "no fault" is no full answer."""
CONFIDENCES = ("measured", "estimate", "heuristic")


class Answer(Struct, frozen=True):
    text: str
    rests: tuple[str, ...]
    """Ids of the measures whose numbers stand in the text."""


def answer(
    asked: Understood, verdict: Verdict, seen: Evidence, reader: Reader, plan: tuple[str, list[str]] | None = None
) -> Answer:
    """The answer about the instance that was asked about; `plan`: a statement and what its plan says."""
    page, symptom = Page(reader), symptoms()[asked.symptom]
    instance = asked.instance or ""
    if asked.wants_change:
        page.said("talk.change")
        page.gap()
    if not seen.measures and not seen.facts and verdict.unseen:
        page.said("verdict.blind", instance=instance)
    elif (only := _only(asked, verdict)) is not None:
        _headline(page, asked, symptom, verdict, seen, instance)
        causes(page, verdict.roots, only)
    else:
        if asked.wants_changes:
            directly.changes(page, asked, seen)
        directly.statement(page, asked, plan)
        directly.number(page, asked, symptom, verdict, seen)
        _style(page, asked, symptom, verdict, seen, instance)
        if not asked.wants_changes:
            changed(page, asked.window, seen)
    if _only(asked, verdict) is None:
        _unseen(page, verdict)
    _footer(page, asked, verdict, seen)
    return Answer(page.text, tuple(page.rests))


def _only(asked: Understood, verdict: Verdict) -> Literal["why", "fix"] | None:
    """What a follow-up wants to know of the causes that were told already."""
    if "symptom" not in asked.carried or not verdict.roots or symptoms()[asked.symptom].style == "disk":
        return None
    return asked.follow if asked.follow in ("why", "fix") else None


def _style(page: Page, asked: Understood, symptom: Symptom, verdict: Verdict, seen: Evidence, instance: str) -> None:
    match symptom.style:
        case "disk":
            disk_verdict(page, seen, instance)
            disk_numbers(page, seen, instance)
            _other_leads(page, symptom, seen)
            causes(page, tuple(c for c in verdict.roots if c.fact.check not in (*TOLD, *RECLAIM)))
            disk_cures(page, seen)
        case "list":
            listing(page, symptom, seen, instance, asked.objects)
            causes(page, verdict.roots)
        case "facts":
            page.said("verdict.facts", instance=instance)
            page.gap()
            facts(page, symptom, seen)
            causes(page, tuple(cause for cause in verdict.roots if cause.fact.check not in symptom.lead))
        case _:
            _headline(page, asked, symptom, verdict, seen, instance)
            _leads(page, symptom, verdict, seen)
            causes(page, verdict.roots)
            told = frozenset(cause.fact.measure.id for cause in verdict.roots)
            reported(page, asked.symptom, seen, instance, told)
    for name in (one for one in asked.also if one != "health"):
        if (symptom.style, symptoms()[name].style) != ("disk", "disk"):
            second(page, symptoms()[name], seen, instance)
    _asides(page, symptom, verdict, seen)
    _fine(page, verdict, seen)


# -- the parts, in the order they stand ---------------------------------------------------------------------------


def _headline(page: Page, asked: Understood, symptom: Symptom, verdict: Verdict, seen: Evidence, instance: str) -> None:
    reader = page.reader
    if verdict.roots and verdict.roots[0].suspected:
        items = [named(one, seen, reader) for one in verdict.roots]
        ids = [one.fact.measure.id for one in verdict.roots]
        page.said("verdict.suspected", *ids, instance=instance, causes=reader.serial(items))
        return
    if len(verdict.roots) == 1:
        one = verdict.roots[0]
        page.said("verdict.one", one.fact.measure.id, instance=instance, cause=named(one, seen, reader))
        return
    if verdict.roots:
        page.said("verdict.several", count=len(verdict.roots), instance=instance)
        for number, cause in enumerate(verdict.roots, 1):
            later = reader.aside(reader.say("verdict.later")) if cause.later else ""
            page.add(f"{number}. {named(cause, seen, reader)}{later}", cause.fact.measure.id)
        return
    asked_for = [check for check in symptom.lead if check in catalogue()]
    if symptom.lead and not asked_for and not broad(symptom):
        page.said("verdict.no_check", what=reader.say(f"topic.{symptom.id}"), instance=instance)
        return
    unmeasured = not any(check in seen.checked for check in asked_for)
    if unmeasured and any(check in seen.skipped for check in asked_for):
        page.said("verdict.skipped", what=said.title(asked_for[0], reader), instance=instance)
        return
    lead = _fine_lead(symptom, seen, reader)
    vital = (*VITAL, *symptom.lead) if broad(symptom) or "*" in symptom.signs else symptom.lead
    if any(one.check in vital and one.reason != "no_history" for one in verdict.unseen):
        page.said("verdict.partly", instance=instance)
    elif lead is None and symptom.id.startswith("replication") and _no_replica(seen):
        page.said("verdict.absent", instance=instance)
    elif lead is not None:
        page.said("verdict.fine_lead", *lead[1], instance=instance, what=lead[0])
    elif symptom.posture:
        page.said("verdict.posture_fine", instance=instance)
    elif asked.symptom in ("slow", "hang", "cpu", "memory", "io"):
        page.said("verdict.none_slow", instance=instance)
    else:
        page.said("verdict.none", instance=instance)
    if verdict.client_share is not None and verdict.client_share >= 0.5:
        page.said(
            "verdict.client", *(one.id for one in seen.of("wait-profile")), share=ratio_text(verdict.client_share)
        )
    page.gap()
    _proof(page, verdict, seen, said_already=lead[0] if lead is not None else "")
    if symptom.ask is not None:
        page.gap()
        page.said(f"ask.{symptom.ask}")


def _other_leads(page: Page, symptom: Symptom, seen: Evidence) -> None:
    """What a question about space asks besides the disk itself: free pages, dead rows, logs."""
    found = {fact.measure.id for fact in seen.facts}
    for check in symptom.lead:
        if check not in TOLD:
            for one in [one for one in seen.of(check) if one.id not in found][:2]:
                page.bullet(said.finding(one, page.reader), one.id)


def _fine_lead(symptom: Symptom, seen: Evidence, reader: Reader) -> tuple[str, tuple[str, ...]] | None:
    """The narrow thing that was asked about, with its number, when it is fine."""
    if broad(symptom) or "*" in symptom.signs:
        return None
    levels = {check: seen.checked.get(check) for check in symptom.lead}
    if any(one is not None and one.level != "normal" for one in levels.values()):
        return None
    for check, one in levels.items():
        if check == "repl-lag" and _no_replica(seen):
            continue  # what is not there is no good news to whoever expects it
        for measure in seen.of(check)[:1]:
            if (text := said.valued(reader, f"asked.{check}", measure)) is not None:
                return text, (measure.id,)
        if one is not None and (item := said.fine(one, seen, reader)) is not None:
            return item
    return None


def _no_replica(seen: Evidence) -> bool:
    """Its lag was looked for, and there is nothing that could lag."""
    return "repl-lag" in seen.checked and not any(seen.of(check) for check in ("repl-lag", "repl-broken"))


def _proof(page: Page, verdict: Verdict, seen: Evidence, said_already: str) -> None:
    """Three to five numbers that show that nothing is wrong."""
    shown = [item for one in verdict.fine if (item := said.fine(one, seen, page.reader)) is not None]
    shown = [item for item in shown if item[0] != said_already and not (item[1] and set(item[1]) <= set(page.rests))]
    with_numbers = [item for item in shown if item[1]]
    for text, measures in (with_numbers + [item for item in shown if not item[1]])[:FINE]:
        page.bullet(text, *measures)


def _leads(page: Page, symptom: Symptom, verdict: Verdict, seen: Evidence) -> None:
    """What was asked about, in numbers, where it is not the cause itself."""
    page.gap()
    if symptom.lead and not any(check in catalogue() for check in symptom.lead) and (verdict.roots or broad(symptom)):
        page.said("verdict.not_measured", what=page.reader.say(f"topic.{symptom.id}"))
    if not verdict.roots or "*" in symptom.signs:
        return
    roots = {cause.fact.check for cause in verdict.roots}
    effects = {fact.check: fact for cause in verdict.roots for fact in cause.chain}
    found = {fact.check: fact for fact in seen.facts if fact.measure.id not in page.rests}
    for check in symptom.lead:
        if check in roots:
            continue
        if (fact := effects.get(check)) is not None and check in BUYABLE:
            page.said("verdict.effect", fact.measure.id, what=said.headline(fact, page.reader))
        elif fact is None and (fact := found.get(check)) is not None and check in BUYABLE:
            page.said("verdict.beside", fact.measure.id, what=said.headline(fact, page.reader))
        checked = seen.checked.get(check)
        item = said.fine(checked, seen, page.reader) if checked is not None and checked.level == "normal" else None
        if item is not None and item[1] and item[1][0] not in page.rests:
            page.said("verdict.not_cause", *item[1], what=item[0][:1].upper() + item[0][1:])


def _asides(page: Page, symptom: Symptom, verdict: Verdict, seen: Evidence) -> None:
    reader = page.reader
    if verdict.contributing:
        page.part("part.attention" if not verdict.roots else "part.contributing")
        for cause in verdict.contributing:
            fix = cause.fact.finding.fix
            approval = reader.say("fix.line", label=reader.say("fix.approval"))
            done = f" → {said.code(fix.statement)} {approval}" if fix is not None else ""
            page.bullet(said.item(named(cause, seen, reader), cause.fact) + done, cause.fact.measure.id)
    told = RECLAIM if symptom.style == "disk" else ()
    wide = broad(symptom) or "*" in symptom.signs
    notes = [f for f in verdict.notes if f.check not in told and (wide or f.finding.level == "error")]
    notes = notes[: NOTES if "*" in symptom.signs else 2]
    if notes:
        page.gap()
        items = [said.item(said.headline(fact, reader), fact) for fact in notes]
        page.said("part.also", *(fact.measure.id for fact in notes), list=reader.serial(items))
    if verdict.posture and "*" in symptom.signs:
        page.gap()
        shown = sorted(verdict.posture, key=lambda fact: fact.finding.level)[:NOTES]
        items = [said.headline(fact, reader) for fact in shown]
        page.said("part.posture", *(fact.measure.id for fact in shown), list=reader.serial(items))


def _fine(page: Page, verdict: Verdict, seen: Evidence) -> None:
    if not verdict.roots or not verdict.fine:
        return
    fine = [item for one in verdict.fine if (item := said.fine(one, seen, page.reader)) is not None]
    items = [item for item in fine if not item[1] or not set(item[1]) <= set(page.rests)][:FINE]  # told once
    if items:
        page.gap()
        ids = [id for _, measures in items for id in measures]
        page.said("part.fine", *ids, list=page.reader.listed([text for text, _ in items]))


def _unseen(page: Page, verdict: Verdict) -> None:
    reader = page.reader
    relevant = [one for one in verdict.unseen if one.reason != "no_history"]
    if not relevant:
        return
    page.gap()
    items = [
        reader.say("part.unseen_item", title=said.title(one.check, reader), reason=reader.say(f"reason.{one.reason}"))
        for one in relevant[:UNSEEN]
    ]
    if len(relevant) > UNSEEN:
        items.append(reader.say("part.unseen_more", count=len(relevant) - UNSEEN))
    page.said("part.unseen", list=reader.listed(items))
    grants = list(dict.fromkeys(one.grant for one in relevant if one.grant))
    if grants:
        page.said("part.would_help")
        page.all(["```sql", *(said.ended(grant) for grant in grants[:UNSEEN]), "```"])


def _footer(page: Page, asked: Understood, verdict: Verdict, seen: Evidence) -> None:
    reader = page.reader
    times = [one.at for one in seen.measures.values()]
    if not times:
        return
    page.gap()
    window = max((one.window_s or 0 for one in seen.measures.values()), default=0)
    at = time_text(max(times), reader.zone)
    parts = [
        reader.say("part.delta", window=seconds_text(window), time=at) if window else reader.say("part.moment", time=at)
    ]
    if verdict.roots:
        sure = max((cause.fact.finding.confidence for cause in verdict.roots), key=CONFIDENCES.index)
        sure = "heuristic" if verdict.roots[0].suspected else sure
        parts.append(reader.say("part.confidence", confidence=reader.say(f"confidence.{sure}")))
    lead = () if symptoms()[asked.symptom].style == "disk" else symptoms()[asked.symptom].lead
    if (unknown := known_since(asked.window, seen, reader, lead)) is not None:
        parts.append(unknown)
    gap = "" if reader.language in ("zh-CN", "zh-TW", "ja") else " "
    page.add(gap.join(parts))
