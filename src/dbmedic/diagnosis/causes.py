"""Which finding is behind which: the edges of `causes.toml`, and when one is measured on two findings.

An edge counts only when its condition holds on the measured values; unmeasured, it only says what is near to what.
"""

from __future__ import annotations

import re
from collections import deque
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from dbmedic.checks.check import catalogue
from dbmedic.checks.expression import Expression, compiled
from dbmedic.diagnosis.evidence import Fact


class Edge(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Any of the causes may be behind any of the effects, when the expression holds for the two."""

    causes: tuple[str, ...]
    effects: tuple[str, ...]
    when: str | None = None


class Causes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`causes.toml` as it is written."""

    notes: tuple[str, ...]
    working: tuple[str, ...]
    sums: tuple[str, ...]
    shapes: tuple[str, ...]
    hints: tuple[str, ...]
    suspects: tuple[str, ...]
    waiting: tuple[str, ...]
    asides: tuple[str, ...]
    work: tuple[str, ...]
    magnitude: dict[str, str]
    edge: tuple[Edge, ...]


@cache
def known() -> Causes:
    """The file, read once.  Raises `msgspec.ValidationError` when it is wrong."""
    return msgspec.toml.decode((Path(__file__).parent / "causes.toml").read_bytes(), type=Causes)


def causes(cause: Fact, effect: Fact) -> bool:
    """Whether one finding is measured to be behind the other."""
    if cause is effect:
        return False
    edges = [e for e in known().edge if cause.check in e.causes and effect.check in e.effects]
    return any(edge.when is None or _expression(edge.when).holds(_side_by_side(cause, effect)) for edge in edges)


def share(fact: Fact) -> float | None:
    """Share of the resource that a finding explains, 0..1; None where its values do not say."""
    text = known().magnitude.get(fact.check)
    found = _expression(text)(fact.values) if text else None
    return min(1.0, max(0.0, float(found))) if isinstance(found, int | float) else None


@cache
def distance(signs: tuple[str, ...]) -> dict[str, int]:
    """Hops from each check to the nearest sign, against the direction of the edges; what is not there leads to none."""
    behind: dict[str, set[str]] = {}
    for edge in known().edge:
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


@cache
def _expression(text: str) -> Expression:
    return compiled(text)


def _side_by_side(cause: Fact, effect: Fact) -> dict[str, Any]:
    row: dict[str, Any] = {f"cause_{name}": value for name, value in cause.values.items()}
    row |= {f"effect_{name}": value for name, value in effect.values.items()}
    row["same_object"] = cause.finding.object == effect.finding.object
    row["same_query"] = _query(cause) is not None and _query(cause) == _query(effect)
    row["same_table"] = bool(_tables(cause) & _tables(effect)) or any(_in_text(name, effect) for name in _tables(cause))
    row["deletes_from_parent"] = _deletes(effect) and _in_text(_last(cause.values.get("parent")), effect)
    row["same_holder"] = bool(_names(cause, "pid", "slot", "gid") & _names(effect, "root", "holder", "pid", "gid"))
    row["waits_with_cause"] = _flat(cause.values.get("waiting_query")) == _flat(effect.values.get("query")) != ""
    waiters = re.findall(r"\d+", str(cause.values.get("waiters") or ""))
    row["waits_for_cause"] = str(effect.values.get("pid")) in waiters
    return row


def _deletes(fact: Fact) -> bool:
    return _flat(fact.values.get("query")).startswith("delete")


def _last(name: Any) -> str:
    """A name without its schema."""
    return str(name or "").rpartition(".")[2].lower()


def _flat(statement: Any) -> str:
    return re.sub(r"\s+", " ", str(statement or "")).strip().lower()


def _names(fact: Fact, *columns: str) -> frozenset[str]:
    return frozenset(str(fact.values[column]) for column in columns if fact.values.get(column) not in (None, ""))


def _query(fact: Fact) -> str | None:
    queryid = fact.values.get("queryid")
    return str(queryid) if queryid else (fact.values.get("query") or None)


def _tables(fact: Fact) -> frozenset[str]:
    """Names of the tables a finding is about, without schema."""
    names = (fact.values.get(column) for column in ("table", "on_object", "child", "relation"))
    return frozenset(_last(name) for name in names if name)


def _in_text(table: str, fact: Fact) -> bool:
    text = str(fact.values.get("query") or "").lower()
    return bool(table and re.search(rf"(?<![a-z0-9_]){re.escape(table)}(?![a-z0-9_])", text))
