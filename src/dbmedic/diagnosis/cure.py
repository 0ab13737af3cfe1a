"""Causes and cures in the answer: what was measured, what follows from it, why, and what to do, mildest first."""

from __future__ import annotations

from typing import Literal

from dbmedic.core.values import Fix
from dbmedic.diagnosis import said
from dbmedic.diagnosis.causes import known
from dbmedic.diagnosis.evidence import Evidence, Fact
from dbmedic.diagnosis.page import Page
from dbmedic.diagnosis.rank import Cause
from dbmedic.diagnosis.said import Reader

LISTED, FIXES, DETAILED, EFFECTS = 5, 4, 3, 3
"""Items shown: further objects, statements to run, causes with their details, effects of one."""


def named(cause: Cause, seen: Evidence, reader: Reader) -> str:
    """A cause in one sentence."""
    if not cause.outside:
        text = said.headline(cause.fact, reader)
        tree = next((effect for effect in cause.chain if effect.check == "blocking-tree"), None)
        if tree is None or cause.fact.check == "lock-queue-ddl":
            return text
        words = said.shown(tree.measure, reader)
        return reader.say("verdict.blocks", cause=text, blocked=words.get("blocked"), on_object=words.get("on_object"))
    ratio = said.shown(cause.fact.measure, reader).get("ratio", "")
    active = next((said.shown(one, reader).get("active", "") for one in seen.of("active-sessions")), "")
    if not active:
        return reader.say("verdict.outside_unknown", ratio=ratio)
    return reader.say("verdict.outside", ratio=ratio, active=active)


def causes(page: Page, roots: tuple[Cause, ...], only: Literal["why", "fix"] | None = None) -> None:
    """What was measured, why it is so, and what to do; `only` one of them where a follow-up asks for no more."""
    if roots and only != "fix":
        _measured(page, roots)
    if roots and only != "why":
        _remedies(page, roots)


def _measured(page: Page, roots: tuple[Cause, ...]) -> None:
    reader = page.reader
    page.part("part.measured")
    for cause in roots[:DETAILED]:
        page.bullet(said.finding(cause.fact.measure, reader), cause.fact.measure.id)
        for effect in cause.chain[:EFFECTS]:
            text = said.headline(effect, reader)
            query = said.statement(effect.measure) if effect in _queueing(cause) else None  # may be ended: say what
            text += f": {said.code(said.one_line(query, said.ITEM))}" if query else ""
            page.add(f"  - {reader.say('part.leads_to', effect=text)}", effect.measure.id)
        if cause.siblings:
            names = [f"`{one.finding.object}`" for one in cause.siblings[:LISTED]]
            page.add(
                f"  - {reader.say('part.also_on', list=reader.listed(names))}",
                *(one.measure.id for one in cause.siblings[:LISTED]),
            )
    reasons = [why for cause in roots[:1] if not cause.outside and (why := said.why(cause.fact, reader))]
    for why in reasons:
        page.said("part.why", text=why)


def _remedies(page: Page, roots: tuple[Cause, ...]) -> None:
    reader = page.reader
    fixes: dict[str, Fix] = {}
    for cause in roots:
        for fact in _mildest(cause):
            if fact.finding.fix is not None and len(fixes) < FIXES:
                fixes.setdefault(fact.finding.fix.statement, fact.finding.fix)
    if fixes:
        page.part("part.now")
    for fix in fixes.values():
        page.all(said.fix_lines(fix, reader))
    for cause in roots[:2]:
        if cause.outside:
            page.said("part.do", text=reader.say("verdict.outside_do"))
            continue
        text = said.valued(reader, f"do.{cause.fact.check}", cause.fact.measure)
        if text is not None and not _mildest(cause):
            page.said("part.do", text=text)
        text = said.valued(reader, f"lasting.{cause.fact.check}", cause.fact.measure)
        if text is not None:
            page.said("part.lasting", text=text)
    checks = dict.fromkeys(f"`{fact.check}`" for cause in roots for fact in (cause.fact, *cause.chain[:1]))
    if fixes:
        page.said("part.verify", checks=reader.listed(list(checks)))


def _mildest(cause: Cause) -> list[Fact]:
    """What to do, mildest first: stop a queueing DDL, cure the root and its siblings, then mend one effect."""
    queue = _queueing(cause)
    own = [cause.fact, *cause.siblings[:2]]
    holds = cause.fact.check in known().waiting  # ending one who waits for a lock changes nothing
    after = [fact for fact in cause.chain if not holds and fact not in queue and fact.finding.fix is not None]
    return [fact for fact in (*queue, *own, *after[:1]) if fact.finding.fix is not None]


def _queueing(cause: Cause) -> list[Fact]:
    """Changes of a table that wait, and hold up others while they do."""
    return [fact for fact in cause.chain if fact.check == "lock-queue-ddl"]
