"""Findings + symptom -> root causes, their effects, what was fine, what could not be seen.  Pure; the words come later.

An effect whose cause was measured becomes part of that cause's chain.  Waiting beats working: while most sessions wait
for locks, no index and no hardware comes first.  Posture (backup, security, versions) is never a cause of slowness.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.checks.check import catalogue
from dbmedic.checks.expression import Expression, compiled
from dbmedic.core.events import Checked
from dbmedic.diagnosis.evidence import Evidence, Fact
from dbmedic.diagnosis.symptoms import Symptom
from dbmedic.diagnosis.when import Window

ROOTS = 3
"""Root causes named at most."""
WAITING = 0.5
"""Share of the sampled active time from which waiting for locks comes before everything else."""
LEVEL = {"error": 3.0, "warning": 1.0}
EVIDENCE = {"measured": 1.0, "estimate": 0.7, "heuristic": 0.4}
NEAR = {0: 3.0, 1: 3.0, 2: 2.0, 3: 1.0}
"""How well a check fits a symptom, by its distance to a sign of it along the edges."""


class Edge(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    causes: tuple[str, ...]
    effects: tuple[str, ...]
    when: str | None = None


class Causes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`causes.toml` as it is written."""

    notes: tuple[str, ...]
    working: tuple[str, ...]
    magnitude: dict[str, str]
    edge: tuple[Edge, ...]


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
    everything = [fact for fact in seen.facts if symptom.posture or not fact.finding.posture]
    posture = tuple(fact for fact in seen.facts if fact.finding.posture and not symptom.posture)
    lock_share, client_share = _waits(seen)
    held_back = _held_back(symptom)
    candidates = [f for f in everything if f.check not in held_back and fit(f.check, symptom) and magnitude(f) >= 0.1]
    explained_by = _explained(candidates)
    scores = {id(fact): _score(fact, symptom, objects, window) for fact in candidates}
    roots: list[Cause] = []
    for fact in candidates:
        if id(fact) in explained_by:
            continue
        chain = _chain(fact, candidates, explained_by)
        later = lock_share is not None and lock_share >= WAITING and fact.check in _causes().working
        best = max([scores[id(fact)], *(scores[id(effect)] for effect in chain)])
        share = max([magnitude(fact), *(magnitude(effect) for effect in chain)])
        roots.append(Cause(fact=fact, score=best * (0.3 if later else 1), magnitude=share, chain=chain, later=later))
    named, rest = _named(_grouped(roots))
    used = {id(one) for cause in (*named, *rest) for one in (cause.fact, *cause.chain, *cause.siblings)}
    notes = [fact for fact in everything if id(fact) not in used]
    return Verdict(
        roots=named,
        contributing=rest[:2],
        notes=tuple(sorted(notes, key=lambda fact: -LEVEL[fact.finding.level])),
        posture=posture,
        fine=_fine(seen, symptom),
        unseen=_unseen(seen, symptom),
        lock_share=lock_share,
        client_share=client_share,
    )


def fit(check: str, symptom: Symptom) -> float:
    """3 when the check is the symptom or directly behind it, 2 through one hop, 1 through two, 0 not at all."""
    if "*" in symptom.signs:
        return 3.0
    return NEAR.get(_distance(symptom.signs).get(check, 9), 0.0)


def magnitude(fact: Fact) -> float:
    """Share of the resource that a finding explains: measured where its file of causes says how, else by its level."""
    text = _causes().magnitude.get(fact.check)
    share = _expression(text)(fact.values) if text else None
    if not isinstance(share, int | float):
        return 1.0 if fact.finding.level == "error" else 0.5
    return min(1.0, max(0.0, float(share)))


def causes(cause: Fact, effect: Fact) -> bool:
    """Whether one finding is measured to be behind the other."""
    if cause is effect:
        return False
    edges = [e for e in _causes().edge if cause.check in e.causes and effect.check in e.effects]
    return any(edge.when is None or _expression(edge.when).holds(_side_by_side(cause, effect)) for edge in edges)


# -- inside ------------------------------------------------------------------------------------------------------


@cache
def _causes() -> Causes:
    return msgspec.toml.decode((Path(__file__).parent / "causes.toml").read_bytes(), type=Causes)


@cache
def _expression(text: str) -> Expression:
    return compiled(text)


@cache
def _distance(signs: tuple[str, ...]) -> dict[str, int]:
    """Hops from each check to the nearest sign, against the direction of the edges."""
    behind: dict[str, set[str]] = {}
    for edge in _causes().edge:
        for effect in edge.effects:
            behind.setdefault(effect, set()).update(edge.causes)
    for check in catalogue().values():
        for effect in check.explains:
            behind.setdefault(effect, set()).add(check.id)
    hops, queue = dict.fromkeys(signs, 0), deque(signs)
    while queue:
        here = queue.popleft()
        for cause in behind.get(here, ()):
            if cause not in hops:
                hops[cause] = hops[here] + 1
                queue.append(cause)
    return hops


def _held_back(symptom: Symptom) -> set[str]:
    """Checks whose findings are notes for this symptom."""
    asked = {*symptom.lead, *symptom.signs}
    return set(_causes().notes) - asked


def _explained(facts: Sequence[Fact]) -> dict[int, Fact]:
    """Effect -> its cause, without circles: who explains more is the cause."""
    found: dict[int, Fact] = {}
    for effect in facts:
        behind = [
            fact for fact in facts if causes(fact, effect) and not (causes(effect, fact) and _later(fact, effect))
        ]
        if behind:
            found[id(effect)] = max(behind, key=lambda fact: (LEVEL[fact.finding.level], magnitude(fact)))
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
    chain: list[Fact] = []
    queue = deque([root])
    while queue:
        here = queue.popleft()
        for fact in facts:
            if explained_by.get(id(fact)) is here and fact not in chain:
                chain.append(fact)
                queue.append(fact)
    return tuple(chain)


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
    ages = [fact.values.get(name) for name in ("transaction", "longest", "running", "age")]
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
    for cause in sorted(roots, key=lambda one: -one.score):
        by_check.setdefault(cause.fact.check, []).append(cause)
    return [
        msgspec.structs.replace(first, siblings=tuple(one.fact for one in others))
        for first, *others in by_check.values()
    ]


def _named(found: Sequence[Cause]) -> tuple[tuple[Cause, ...], tuple[Cause, ...]]:
    """(roots, the rest): the best, each error beside it, and what comes within half its score."""
    if not found:
        return (), ()
    best = found[0].score
    roots = [c for c in found if c is found[0] or c.fact.finding.level == "error" or c.score >= best / 2][:ROOTS]
    return tuple(roots), tuple(cause for cause in found if cause not in roots)


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
    normal = [one for one in seen.checked.values() if one.level == "normal"]
    return tuple(sorted(normal, key=lambda one: (order.get(one.check, 99), not one.measures)))


def _unseen(seen: Evidence, symptom: Symptom) -> tuple[Unseen, ...]:
    order = {check: place for place, check in enumerate((*symptom.lead, *symptom.signs))}
    failed = [one for one in seen.checked.values() if one.level == "failed"]
    return tuple(
        Unseen(check=one.check, reason=one.reason or "permission", sentence=one.sentence, grant=one.grant)
        for one in sorted(failed, key=lambda one: order.get(one.check, 99))
    )


def _side_by_side(cause: Fact, effect: Fact) -> dict[str, Any]:
    row: dict[str, Any] = {f"cause_{name}": value for name, value in cause.values.items()}
    row |= {f"effect_{name}": value for name, value in effect.values.items()}
    row["same_object"] = cause.finding.object == effect.finding.object
    row["same_query"] = _query(cause) is not None and _query(cause) == _query(effect)
    row["same_table"] = bool(_tables(cause) & _tables(effect)) or any(_in_text(name, effect) for name in _tables(cause))
    waiters = re.findall(r"\d+", str(cause.values.get("waiters") or ""))
    row["waits_for_cause"] = str(effect.values.get("pid")) in waiters
    return row


def _query(fact: Fact) -> str | None:
    queryid = fact.values.get("queryid")
    return str(queryid) if queryid else (fact.values.get("query") or None)


def _tables(fact: Fact) -> frozenset[str]:
    """Names of the tables a finding is about, without schema."""
    names = (fact.values.get(column) for column in ("table", "on_object", "child", "relation"))
    return frozenset(str(name).rpartition(".")[2].lower() for name in names if name)


def _in_text(table: str, fact: Fact) -> bool:
    text = str(fact.values.get("query") or "").lower()
    return bool(table and re.search(rf"(?<![a-z0-9_]){re.escape(table)}(?![a-z0-9_])", text))
