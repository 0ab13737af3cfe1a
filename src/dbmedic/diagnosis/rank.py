"""Findings + symptom -> root causes, their effects, what was fine, what could not be seen.  Pure; the words come later.

An effect whose cause was measured becomes part of that cause's chain.  Waiting beats working: while most sessions wait
for locks, no index and no hardware comes first.  Posture (backup, security, versions) is never a cause of slowness.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from dbmedic.core.events import Checked
from dbmedic.diagnosis.causes import causes, distance, known, share
from dbmedic.diagnosis.evidence import Evidence, Fact
from dbmedic.diagnosis.symptoms import Symptom, broad
from dbmedic.diagnosis.when import Window

ROOTS = 3
"""Root causes named at most."""
LEAST = 0.1
"""Share of the resource below which a finding is no cause."""
PROVEN = 0.3
"""Share of the resource from which a finding counts as a cause without a measured effect."""
WAITING = 0.5
"""Share of the sampled active time from which waiting for locks comes before everything else."""
LEVEL = {"error": 3.0, "warning": 1.0}
EVIDENCE = {"measured": 1.0, "estimate": 0.7, "heuristic": 0.4}
NEAR = {0: 3.0, 1: 3.0, 2: 2.0, 3: 1.0}
"""How well a check fits a symptom, by its distance to a sign of it along the edges."""


class Cause(Struct, frozen=True, kw_only=True):
    """A root with what it explains."""

    fact: Fact
    score: float
    magnitude: float
    """Share of the trouble it explains, 0.1..1."""
    chain: tuple[Fact, ...] = ()
    """Its measured effects, nearest first."""
    siblings: tuple[Fact, ...] = ()
    """The same check on further objects, by score."""
    later: bool = False
    """True, but to be looked at only when the waiting is over."""
    suspected: bool = False
    """The only fault there is, though nothing measured ties it to the complaint."""
    outside: bool = False
    """The host has this trouble, and not because of this database."""


class Unseen(Struct, frozen=True, kw_only=True):
    """A check that could have mattered and saw nothing."""

    check: str
    reason: str
    sentence: str = ""
    grant: str | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """What the measurements say about a symptom."""

    roots: tuple[Cause, ...] = ()
    """The causes to name: one, or several that do not explain each other, best first."""
    contributing: tuple[Cause, ...] = ()
    """Weaker ones, at most two."""
    notes: tuple[Fact, ...] = ()
    """Findings that have nothing to do with the symptom, worst first."""
    posture: tuple[Fact, ...] = ()
    fine: tuple[Checked, ...] = ()
    """Relevant checks that were normal, most telling first."""
    unseen: tuple[Unseen, ...] = ()
    lock_share: float | None = None
    """Share of active samples that waited for locks."""
    client_share: float | None = None
    """Share of active samples that waited for the client."""

    @property
    def explained(self) -> float:
        """How much of the symptom the first root explains, 0..1."""
        return self.roots[0].magnitude if self.roots else 0.0


def rank(seen: Evidence, symptom: Symptom, objects: Sequence[str] = (), window: Window | None = None) -> Verdict:
    """The verdict about a symptom; `objects` are names that the question mentioned, `window` when it happened."""
    facts = [one for one in seen.facts if symptom.posture or not one.finding.posture or _asked(one, symptom)]
    lock_share, client_share = _waits(seen)
    candidates = [fact for fact in facts if _counts(fact, symptom)]
    waiting = lock_share is not None and lock_share >= WAITING
    explained_by = _explained(candidates, waiting)
    scores = {id(fact): _score(fact, symptom, objects, window) for fact in candidates}
    found: list[Cause] = []
    for fact in candidates:
        if id(fact) in explained_by or (fact.check in known().sums and not _asked(fact, symptom)):
            continue
        chain = _chain(fact, candidates, explained_by)
        if not any(fit(one.check, symptom) for one in (fact, *chain)):
            continue
        later = waiting and fact.check in known().working
        best = max([scores[id(fact)], *(scores[id(effect)] for effect in chain)])
        most = max([magnitude(fact), *(magnitude(effect) for effect in chain)])
        found.append(
            Cause(
                fact=fact,
                score=best * (0.3 if later else 1),
                magnitude=most,
                chain=chain,
                later=later,
                outside=_outside(fact, seen),
            )
        )
    roots, contributing, rest = _named(_grouped(found), symptom)
    used = {id(one) for cause in (*roots, *contributing) for one in (cause.fact, *cause.chain, *cause.siblings)}
    effects = {id(one) for cause in rest for one in cause.chain}
    notes = [fact for fact in facts if id(fact) not in used and id(fact) not in effects and not _client(fact)]
    return Verdict(
        roots=roots,
        contributing=contributing,
        notes=tuple(sorted(notes, key=lambda fact: -LEVEL[fact.finding.level])),
        posture=() if symptom.posture else tuple(fact for fact in seen.facts if fact.finding.posture),
        fine=_fine(seen, symptom),
        unseen=_unseen(seen, symptom),
        lock_share=lock_share,
        client_share=client_share,
    )


def promoted(verdict: Verdict, checks: Collection[str]) -> Verdict:
    """The verdict with what the question asked about besides, and found, among the causes rather than beside them."""
    asked = tuple(cause for cause in verdict.contributing if cause.fact.check in checks)
    rest = tuple(cause for cause in verdict.contributing if cause.fact.check not in checks)
    return msgspec.structs.replace(verdict, roots=(*verdict.roots, *asked), contributing=rest) if asked else verdict


def narrowed(verdict: Verdict, names: Sequence[str]) -> Verdict:
    """The verdict about one statement, which names these tables: what happens on others only stands beside."""

    def near(cause: Cause) -> bool | None:
        facts = (cause.fact, *cause.chain, *cause.siblings)
        if any(_mentions(fact, name) for fact in facts for name in names):
            return True
        placed = any(fact.values.get(key) for fact in facts for key in ("table", "on_object", "query"))
        return False if placed else None

    both = (*verdict.roots, *verdict.contributing)
    kept = [one for one in both if near(one) or (near(one) is None and one in verdict.roots)]
    roots = tuple(sorted(kept, key=lambda one: not any(_mentions(one.fact, name) for name in names)))
    rest = tuple(one for one in both if one not in roots)
    return msgspec.structs.replace(verdict, roots=roots, contributing=rest)


def with_others(verdict: Verdict, health: Verdict) -> Verdict:
    """The verdict on a complaint, and after its causes what else is wrong with the instance."""
    said = {fact.finding.key for one in (*verdict.roots, *verdict.contributing) for fact in (one.fact, *one.chain)}
    others = tuple(one for one in health.roots if one.fact.finding.key not in said)
    named = {one.fact.finding.key for one in others}
    notes = tuple(fact for fact in verdict.notes if fact.finding.key not in named)
    return msgspec.structs.replace(verdict, roots=(*verdict.roots, *others), notes=notes)


def with_asked(verdict: Verdict, other: Verdict, symptom: Symptom) -> Verdict:
    """The verdict, and after its causes what a second symptom led with: a mere note, unless it was asked about."""
    said = {fact.finding.key for one in verdict.roots for fact in (one.fact, *one.chain, *one.siblings)}
    asked = [one for one in other.roots if one.fact.check in symptom.lead and one.fact.check in known().notes]
    asked = [one for one in asked if one.fact.finding.key not in said]
    named = {fact.finding.key for one in asked for fact in (one.fact, *one.siblings)}
    notes = tuple(fact for fact in verdict.notes if fact.finding.key not in named)
    return msgspec.structs.replace(verdict, roots=(*verdict.roots, *asked), notes=notes) if asked else verdict


def fit(check: str, symptom: Symptom) -> float:
    """3 when the check is the symptom or directly behind it, 2 through one hop, 1 through two, 0 not at all."""
    if "*" in symptom.signs:
        return 3.0
    return NEAR.get(distance(symptom.signs).get(check, 9), 0.0)


def magnitude(fact: Fact) -> float:
    """Share of the resource that a finding explains: measured where `causes.toml` says how, else by its level."""
    measured = share(fact)
    return measured if measured is not None else 1.0 if fact.finding.level == "error" else 0.5


# -- inside ------------------------------------------------------------------------------------------------------


def _counts(fact: Fact, symptom: Symptom) -> bool:
    """May be a cause or an effect at all."""
    held_back = fact.check in known().notes and not _asked(fact, symptom)
    held_back |= fact.check in known().shapes and "*" in symptom.signs
    return not held_back and not _client(fact) and magnitude(fact) >= LEAST


def _asked(fact: Fact, symptom: Symptom) -> bool:
    return fact.check in (*symptom.lead, *symptom.signs)


def _outside(fact: Fact, seen: Evidence) -> bool:
    """The processors are busy, and not with this database as far as can be seen: hardly a session of it is active."""
    if "active-sessions" in seen.skipped:
        return fact.check == "cpu-saturation"
    sessions = next((one.values for one in seen.of("active-sessions")), {})
    active, processors = sessions.get("active"), sessions.get("processors")
    counted_by_us = fact.values.get("running") is not None
    if fact.check != "cpu-saturation" or counted_by_us:
        return False
    return isinstance(active, int | float) and isinstance(processors, int | float) and active < 0.3 * processors


def _client(fact: Fact) -> bool:
    """Sessions that wait for their application: no fault of the database."""
    return fact.check == "wait-profile" and fact.values.get("class") == "Client"


def _explained(facts: Sequence[Fact], locks_rule: bool) -> dict[int, Fact]:
    """Effect -> its cause, without circles: who explains more is the cause; where locks rule, who makes others wait."""
    found: dict[int, Fact] = {}
    waiting = {id(one) for one in facts if any(fact.check in known().waiting and causes(fact, one) for fact in facts)}
    for effect in facts:
        behind = [
            fact
            for fact in facts
            if causes(fact, effect)
            and not (causes(effect, fact) and _later(fact, effect))
            and not (id(fact) in waiting and effect.check in known().work)
        ]
        if behind:
            found[id(effect)] = max(
                behind,
                key=lambda fact: (
                    locks_rule and fact.check in known().waiting,
                    LEVEL[fact.finding.level],
                    magnitude(fact),
                ),
            )
    return {one: cause for one, cause in found.items() if not _in_circle(one, found)}


def _later(fact: Fact, other: Fact) -> bool:
    """Of two that explain each other the one with the lesser weight is the effect."""
    weight = (LEVEL[fact.finding.level], magnitude(fact), fact.finding.key)
    return weight < (LEVEL[other.finding.level], magnitude(other), other.finding.key)


def _in_circle(start: int, found: Mapping[int, Fact]) -> bool:
    seen, here = {start}, found.get(start)
    while here is not None and id(here) not in seen:
        seen.add(id(here))
        here = found.get(id(here))
    return here is not None and id(here) == start


def _chain(root: Fact, facts: Sequence[Fact], explained_by: Mapping[int, Fact]) -> tuple[Fact, ...]:
    """All that follows from a root, causes before their effects."""
    chain: list[Fact] = []
    queue = deque([root])
    while queue:
        here = queue.popleft()
        for fact in facts:
            if explained_by.get(id(fact)) is here and fact not in chain:
                chain.append(fact)
                queue.append(fact)
    ordered: list[Fact] = []
    while chain:
        first = next((one for one in chain if not any(causes(other, one) for other in chain)), chain[0])
        ordered.append(first)
        chain.remove(first)
    return tuple(ordered)


def _score(fact: Fact, symptom: Symptom, objects: Sequence[str], window: Window | None) -> float:
    finding = fact.finding
    mentioned = 1.5 if any(_mentions(fact, name) for name in objects) else 1.0
    return (
        LEVEL[finding.level]
        * fit(fact.check, symptom)
        * _in_time(fact, window)
        * max(0.1, magnitude(fact))
        * EVIDENCE[finding.confidence]
        * mentioned
    )


def _in_time(fact: Fact, window: Window | None) -> float:
    """2 when it began inside the window, else 1; what is still going on overlaps it."""
    ages = [fact.values.get(name) for name in ("transaction", "open", "longest", "running", "age")]
    age = next((one for one in ages if isinstance(one, int | float)), None)
    if window is None or age is None:
        return 1.0
    return 2.0 if fact.measure.at.timestamp() - age >= window.start.timestamp() - 300 else 1.0


def _mentions(fact: Fact, name: str) -> bool:
    texts = [
        fact.finding.object,
        *(str(v) for k, v in fact.values.items() if k in ("table", "on_object", "query", "name")),
    ]
    return any(re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", text.lower()) for text in texts)


def _grouped(roots: Iterable[Cause]) -> list[Cause]:
    """One cause per check, the best object first and the others as its siblings; best check first."""
    by_check: dict[str, list[Cause]] = {}
    for cause in sorted(roots, key=lambda one: (one.later, -one.score)):
        by_check.setdefault(cause.fact.check, []).append(cause)
    return [
        msgspec.structs.replace(first, siblings=tuple(one.fact for one in others))
        for first, *others in by_check.values()
    ]


def _named(found: Sequence[Cause], symptom: Symptom) -> tuple[tuple[Cause, ...], tuple[Cause, ...], tuple[Cause, ...]]:
    """(roots, contributing, the rest): the best proven one, each error beside it, and what comes within half of it."""
    proven = [cause for cause in found if _proven(cause, symptom)]
    best = proven[0].score if proven else 0.0
    most = ROOTS if "*" not in symptom.signs else 2 * ROOTS
    near = [c for c in proven if c is proven[0] or c.fact.finding.level == "error" or c.score >= best / 2]
    roots = near[:most]
    if not roots and broad(symptom) and "*" not in symptom.signs:
        roots = [_suspect(cause) for cause in found if _may_be_suspected(cause)][:most]
        found = [*roots, *(cause for cause in found if not _may_be_suspected(cause))]
    everywhere = broad(symptom) or "*" in symptom.signs
    others = [cause for cause in found if cause not in roots and (everywhere or not cause.outside)]
    shown = 2 if "*" not in symptom.signs else 2 * ROOTS
    return tuple(roots), tuple(others[:shown]), tuple(others[shown:])


def _may_be_suspected(cause: Cause) -> bool:
    return cause.fact.check in known().suspects


def _suspect(cause: Cause) -> Cause:
    return msgspec.structs.replace(cause, suspected=True)


def _proven(cause: Cause, symptom: Symptom) -> bool:
    """It is the symptom itself, was measured to lead to it, or is grave and near: what merely could matter is not."""
    mild = all(one.finding.level == "warning" for one in (cause.fact, *cause.chain))
    hint = cause.fact.check in known().hints and mild
    if (hint and "*" in symptom.signs) or (cause.outside and ("*" in symptom.signs or not broad(symptom))):
        return False
    own = (cause.fact.check, *(effect.check for effect in cause.chain))
    if "*" in symptom.signs or any(check in symptom.signs or check in symptom.lead for check in own):
        return True
    grave = cause.fact.finding.level == "error" and fit(cause.fact.check, symptom) >= 2 and broad(symptom)
    large = (share(cause.fact) or 0.0) >= PROVEN and fit(cause.fact.check, symptom) >= 2 and broad(symptom)
    return grave or large


def _waits(seen: Evidence) -> tuple[float | None, float | None]:
    """Shares of active samples that waited for locks and for the client."""
    shares: dict[str, float] = {}
    for one in seen.of("wait-profile"):
        kind, share = str(one.values.get("class", "")), one.values.get("share")
        if isinstance(share, int | float):
            shares[kind] = shares.get(kind, 0.0) + float(share)
    if not shares:
        return None, None
    return shares.get("Lock", 0.0), shares.get("Client", 0.0)


def _fine(seen: Evidence, symptom: Symptom) -> tuple[Checked, ...]:
    order = {check: place for place, check in enumerate((*symptom.lead, *symptom.signs))}
    asked_for = [one for one in seen.checked.values() if one.check in order or one.check not in known().notes]
    normal = [one for one in asked_for if one.level == "normal"]
    return tuple(sorted(normal, key=lambda one: (order.get(one.check, 99), not one.measures)))


def _unseen(seen: Evidence, symptom: Symptom) -> tuple[Unseen, ...]:
    """What could not be seen and might have changed the answer: the log only where it would tell of the symptom."""
    order = {check: place for place, check in enumerate((*symptom.lead, *symptom.signs))}
    failed = [one for one in seen.checked.values() if one.level == "failed"]
    failed = [one for one in failed if one.check in order or one.check not in known().asides]
    failed = [one for one in failed if "*" in symptom.signs or one.reason == "no_log_source" or fit(one.check, symptom)]
    blind = [one for one in failed if one.reason == "no_log_source" and one.check not in symptom.lead]
    spoken = any(one.reason == "no_log_source" and one.check in symptom.lead for one in failed)
    would_tell = "*" in symptom.signs or any(one.check in symptom.signs for one in blind)
    kept = ([one for one in blind if one.check == "log-source"] or blind) if would_tell else []
    failed = [one for one in failed if one not in blind or (one in kept[:1] and not spoken)]  # one log, told once
    return tuple(
        Unseen(check=one.check, reason=one.reason or "permission", sentence=one.sentence, grant=one.grant)
        for one in sorted(failed, key=lambda one: (order.get(one.check, 99), one.grant is None))
    )
