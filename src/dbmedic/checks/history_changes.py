"""What changed in the asked stretch of time, as a list: statements, loads, sizes, settings, the server, objects.  Pure.

What is usual, and when a number is notably off, says `history_compare.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from dbmedic.checks.history_compare import CALLS, FOLD, Statement, Usual, slower, usual
from dbmedic.core.history import Kept, State

Kind: TypeAlias = Literal[
    "slower", "new_statement", "more_calls", "load", "grown", "setting", "restart", "failover", "version",
    "index_added", "index_dropped", "index_changed", "table_added", "table_dropped", "slot", "statistics_reset",
]  # fmt: skip
MATTERS = 0.05
"""Share of all statements' time below which a statement is not worth a line."""
MOST = 5
GROWN_BYTES, GROWN_SHARE = 64 << 20, 0.1
LOADS = ("throughput", "connections", "active", "waiting", "reads", "temp_bytes", "temp_tables", "wal_bytes",
         "log_bytes", "cpu")  # fmt: skip


class Change(Struct, frozen=True, kw_only=True):
    """Something that is not as before."""

    kind: Kind
    object: str
    at: datetime | None = None
    """When it was first seen so."""
    before: Any = None
    now: Any = None
    statement: Statement | None = None


def changed_statements(found: Sequence[Statement], covered_s: float) -> list[Change]:
    """The slower ones, the new ones and the much more frequent ones that matter, the costliest first.

    `covered_s`: how long statements were sampled before; a statement is new only after an hour of that.
    """
    changes: list[tuple[float, Change]] = []
    total = sum(one.exec_s for one in found) or 1.0
    for one in found:
        if one.extra_s < MATTERS * total:
            continue
        kind: Kind | None = None
        if slower(one):
            kind = "slower"
        elif one.before_s is None and covered_s >= 3600 and one.calls >= CALLS:
            kind = "new_statement"
        if kind is not None:
            changes.append((one.extra_s, Change(kind=kind, object=one.query, at=one.onset, statement=one,
                                                before=one.before_s, now=one.mean_s)))  # fmt: skip
    known = {change.object for _, change in changes}
    for one in found:
        often = one.before_calls_per_s is not None and one.calls_per_s >= FOLD * one.before_calls_per_s
        if one.query not in known and often and one.share >= 4 * MATTERS and one.before_calls >= CALLS:
            changes.append((one.exec_s / 2, Change(kind="more_calls", object=one.query, statement=one,
                                                   before=one.before_calls_per_s, now=one.calls_per_s)))  # fmt: skip
    return [change for _, change in sorted(changes, key=lambda pair: -pair[0])[:MOST]]


def changed_loads(before: Sequence[Kept], during: Sequence[Kept], start: datetime, end: datetime) -> list[Change]:
    """Counters of the whole server that are notably above or below what is usual then."""
    found = []
    for name in LOADS:
        values = [one.values[name][0] for one in during if name in one.values and one.window_s > 0]
        normal = usual([(one.at, one.values[name][0]) for one in before if name in one.values], start, end)
        if not values or normal is None:
            continue
        now = sum(values) / len(values)
        if normal.notable(now) and abs(now - normal.median) >= _floor(name):
            found.append(
                Change(kind="load", object=name, before=normal.median, now=now, at=onset(during, name, normal))
            )
    return found


def onset(during: Sequence[Kept], name: str, normal: Usual) -> datetime | None:
    """End of the first sample that is past the threshold, and from which on most are."""
    past = [name in one.values and normal.notable(one.values[name][0]) for one in during]
    for place, one in enumerate(during):
        if past[place] and sum(past[place:]) * 2 >= len(past) - place:
            return one.at
    return None


def changed_sizes(growth: Iterable[tuple[str, float, float]]) -> list[Change]:
    """What grew by much, most first; totals of volumes and databases are no cause, so their parts stand here."""
    found = [
        Change(kind="grown", object=name, before=before, now=now)
        for name, before, now in growth
        if name.startswith(("table:", "wal", "binlog", "temp", "slot:"))
        and now - before >= GROWN_BYTES
        and now - before >= GROWN_SHARE * before
    ]
    return sorted(found, key=lambda one: one.before - one.now)[:MOST]


def changed_settings(states: Sequence[State]) -> list[Change]:
    """Every value that went from one to another."""
    return [
        Change(kind="setting", object=name, at=at, before=before or "", now=now or "")
        for at, name, before, now in differences(states)
    ]


def changed_server(states: Sequence[State]) -> list[Change]:
    """Restarts, failovers, other versions."""
    kinds: dict[str, Kind] = {
        "started": "restart", "run": "restart", "role": "failover", "standby": "failover", "read only": "failover",
        "version": "version",
        "statistics reset": "statistics_reset",
    }  # fmt: skip
    found = []
    for at, name, before, now in differences(states):
        if name == "started" and now:
            found.append(Change(kind="restart", object="server", at=_moment(now) or at, before=before, now=now))
        elif name in kinds and before is not None:
            found.append(Change(kind=kinds[name], object=name, at=at, before=before, now=now))
        elif name.startswith("slot "):
            found.append(Change(kind="slot", object=name[5:], at=at, before=before or "", now=now or ""))
    return found


def changed_objects(states: Sequence[State]) -> list[Change]:
    """Indexes and tables that came or went; the indexes of a table that came or went with it are not told."""
    found = []
    for at, name, before, now in differences(states):
        what, _, object_ = name.partition(" ")
        if what not in ("index", "table"):
            continue
        kind: Kind
        if before is None:
            kind = "index_added" if what == "index" else "table_added"
        elif now is None:
            kind = "index_dropped" if what == "index" else "table_dropped"
        else:
            kind = "index_changed"
        found.append(Change(kind=kind, object=object_, at=at, before=before, now=now))
    tables = {change.object for change in found if change.kind.startswith("table")}
    return [one for one in found if one.object in tables or one.object.rpartition(".")[0] not in tables]


def differences(states: Sequence[State]) -> list[tuple[datetime, str, str | None, str | None]]:
    """(when seen, name, before, now) of each value that differs from the state before."""
    return [
        (now.at, name, before.values.get(name), now.values.get(name))
        for before, now in pairwise(states)
        for name in sorted(before.values.keys() | now.values.keys())
        if before.values.get(name) != now.values.get(name)
    ]


def _floor(name: str) -> float:
    """Below this a change is noise whatever its factor."""
    floors = {"throughput": 5.0, "connections": 10.0, "active": 2.0, "reads": 100.0, "cpu": 0.15}
    return floors.get(name, float(1 << 20) if name.endswith("_bytes") else 1.0)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
