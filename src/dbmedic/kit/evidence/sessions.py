"""A list of sessions: `pg_stat_activity` as psql's table, its expanded form or CSV, and MySQL's process list."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from dbmedic.kit.statements import normalised

_RECORD = re.compile(r"^-\[ RECORD \d+ \]")
MAX_ROWS = 5000


class Session(Struct, frozen=True, kw_only=True):
    id: str
    user: str = ""
    state: str = ""
    wait: str = ""
    since: str = ""
    """When its transaction began, as the list says; of MySQL the seconds its command has taken."""
    query: str = ""
    """Without literals."""


class Sessions(Struct, frozen=True, kw_only=True):
    engine: str
    all: tuple[Session, ...]
    active: int
    waiting: tuple[Session, ...]
    """Those that wait for a lock."""
    idle_in_transaction: tuple[Session, ...]
    oldest: Session | None
    """With the oldest transaction; of MySQL, with the command that has taken longest."""
    crowd: tuple[str, int]
    """The statement that most active sessions run, and how many do."""


def sessions(lines: Sequence[str]) -> Sessions | None:
    """What the list shows; None for a text that is none."""
    rows = list(_rows(lines))
    if not rows:
        return None
    engine = "postgres" if "pid" in rows[0] else "mysql"
    found = [_session(row, engine) for row in rows if row.get("pid") or row.get("id")]
    if not found:
        return None
    busy = [one for one in found if one.state in ("active", "query", "execute")]
    ours = [one for one in found if one.since and (engine == "postgres" or one in busy)]
    crowd = Counter(one.query for one in busy if one.query).most_common(1)
    old: Session | None = None
    if ours:
        first = engine == "postgres"
        old = min(ours, key=lambda one: one.since) if first else max(ours, key=lambda one: _seconds(one.since))
    return Sessions(
        engine=engine,
        all=tuple(found),
        active=len(busy),
        waiting=tuple(one for one in found if "lock" in one.wait.lower() and one.state != "idle"),
        idle_in_transaction=tuple(one for one in found if one.state.startswith("idle in transaction")),
        oldest=old,
        crowd=crowd[0] if crowd else ("", 0),
    )


def _seconds(text: str) -> float:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else 0.0


def _session(row: dict[str, str], engine: str) -> Session:
    if engine == "postgres":
        query = normalised(row.get("query", "")[:4000], engine)
        wait = " ".join(part for part in (row.get("wait_event_type", ""), row.get("wait_event", "")) if part)
        return Session(
            id=row["pid"], user=row.get("usename", ""), state=row.get("state", ""), wait=wait,
            since=row.get("xact_start", ""), query=query,
        )  # fmt: skip
    info = row.get("info", "")
    query = "" if info.upper() == "NULL" else normalised(info[:4000], engine)
    state = row.get("command", "").lower()
    return Session(
        id=row["id"],
        user=row.get("user", ""),
        state=state,
        wait=row.get("state", ""),
        since=row.get("time", ""),
        query=query,
    )


def _rows(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    titles: list[str] = []
    mark = ""
    row: dict[str, str] = {}
    for line in lines[: MAX_ROWS * 4]:
        if len(line) > 20_000:
            continue
        if _RECORD.match(line):
            if _known(set(row)):
                yield row
            row, mark = {"": ""}, "record"
            continue
        if mark == "record":
            name, sep, value = line.partition("|")
            if sep:
                row[name.strip().lower()] = value.strip()
            continue
        if not titles:
            for one in ("|", "\t", ","):
                names = [name.strip().strip('"').lower() for name in line.strip("|+ ").split(one)]
                if _known(set(names)):
                    titles, mark = names, one
                    break
            continue
        if set(line.strip()) <= set("-+| ") or re.match(r"^\(\d+ rows?\)", line):
            continue
        if mark == ",":
            cells = next(csv.reader([line]), [])
        else:
            cells = [
                cell.strip()
                for cell in line.strip().removeprefix("|").removesuffix("|" if line.startswith("|") else "").split(mark)
            ]
            if len(cells) > len(titles):
                cells = [*cells[: len(titles) - 1], mark.join(cells[len(titles) - 1 :])]
        if len(cells) == len(titles):
            yield dict(zip(titles, (cell.strip() for cell in cells), strict=True))
    if mark == "record" and _known(set(row)):
        yield row


def _known(names: set[str]) -> bool:
    return {"pid", "state", "query"} <= names or {"id", "user", "command", "time", "state", "info"} <= names
