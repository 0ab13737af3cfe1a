"""Who deadlocked with whom: from the server's log, from InnoDB's last report, or caught in the act on PostgreSQL.

Dumps of records hold values and are left alone; statements come without their literals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import Said, grouped, said
from dbmedic.core.errors import OutsideFailed
from dbmedic.core.history import Asked
from dbmedic.core.values import Row
from dbmedic.kit import statements
from dbmedic.kit.evidence.deadlock import Deadlock
from dbmedic.kit.serverlog.entry import Entry

SECTION = re.compile(r"-{4,}\nLATEST DETECTED DEADLOCK\n-{4,}\n(.*?)(?=\n-{4,}\n[A-Z /]+\n-{4,}\n|\Z)", re.DOTALL)
LOCKED = re.compile(r"index `?([^`\s]+)`? of table `([^`]+)`\.`([^`]+)`")
TRANSACTION = re.compile(r"\*\*\* (?:\((\d)\) )?TRANSACTION:?\n(.*?)(?=\n\*\*\*|\Z)", re.DOTALL)
WAITED = re.compile(r"lock_mode (\S+)(?: locks (rec but not gap|gap before rec))?[^\n]* waiting")
VICTIM = re.compile(r"WE ROLL BACK TRANSACTION \((\d)\)")
NOISE = re.compile(r"^(TRANSACTION|mysql tables|LOCK WAIT|\d+ lock struct|(MariaDB|MySQL) thread id|ROLLING BACK)")


async def rows(context: Context) -> list[Row]:
    """At most one row per pair of statements, the latest first."""
    asked = context.lanes.target.asked
    now = datetime.now(UTC)
    try:
        found = await said(context)
    except OutsideFailed as failure:
        if asked is not None and now - asked.end > timedelta(minutes=5):
            return _kept(await _live(context), asked, now, failure)
        context.better = str(failure)
        found = None
    kept = logged(found, context.facts.engine) if found is not None else []
    recent = any(row["age"] < 600 for row in kept)
    past = asked is not None and now - asked.end > timedelta(minutes=5)
    if recent or (past and kept):
        return kept
    fresh = [row for row in await _live(context) if not any(_same(row, one) for one in kept)]
    return [*(_kept(fresh, asked, now, None) if past and asked is not None else fresh), *kept]


async def _live(context: Context) -> list[Row]:
    """What the server itself tells now."""
    if context.facts.engine == "postgres":
        return caught(await context.looks(context.query("cycle")))
    found = await context.rows(context.query("status"))
    return told(str(found[0]["Status"]) if found else "")


def _kept(found: Sequence[Row], asked: Asked, now: datetime, failure: OutsideFailed | None) -> list[Row]:
    """Those of the stretch that was asked about.  Raises the failure where none is and the log would know."""
    kept = []
    for row in found:
        at = now - timedelta(seconds=row["age"]) if row.get("age") is not None else now
        if asked.start <= at <= asked.end:
            kept.append(row | {"at": at, "in_asked": 1})
    if not kept and failure is not None:
        raise failure
    return kept


def _same(one: Row, other: Row) -> bool:
    return {one["first"], one["second"]} == {other["first"], other["second"]}


def logged(found: Said, engine: str) -> list[Row]:
    """The deadlocks of the log, by the pair of statements; the latest tells the locks."""
    stories = [one for one in found.entries if one.deadlock is not None]
    made = []
    for entries in grouped(stories, _pair).values():
        last = entries[-1]
        assert last.deadlock is not None
        at = {"at": last.at, "age": max(0.0, (datetime.now(UTC) - last.at).total_seconds()), "seen": len(entries)}
        made.append(story(last.deadlock, engine) | at | {"in_asked": 1, "source": found.source})
    return sorted(made, key=lambda row: float(row["age"]))


def _pair(one: Entry) -> tuple[str, ...]:
    assert one.deadlock is not None
    return tuple(sorted(party.query for party in one.deadlock.parties))


def story(one: Deadlock, engine: str) -> Row:
    """Parties, what each waits for and the other holds, the victim, and the order that would have avoided it."""
    first, second = one.parties[:2]
    texts = {party.id: _own(party.query, engine) for party in one.parties}
    tables = _tables([texts[first.id], texts[second.id]], engine)
    if engine != "postgres":
        named = [party.on.split(" (")[0] for party in one.parties if party.on]
        tables = list(dict.fromkeys(named)) or tables
    on_index = [match[1] for party in one.parties if (match := re.search(r"\((\S+)\)$", party.on))]
    return {
        "table": next(iter(tables), None),
        "tables": ", ".join(tables) or None,
        "first": texts[first.id] or None,
        "second": texts[second.id] or None,
        "victim": texts.get(one.victim) or None,
        "on_index": ", ".join(dict.fromkeys(on_index)) or None,
        "parties": len(one.parties),
        "pid_first": first.id,
        "pid_second": second.id,
        "wants_first": first.waits_for or None,
        "wants_second": second.waits_for or None,
        "report": _report(one),
        **order(tables),
    }


def order(tables: Sequence[str]) -> Row:
    """Which of two tables to take first everywhere; of one table, its rows by their key."""
    ordered = sorted(tables)[:2]
    return {"before": ordered[0], "after": ordered[1]} if len(ordered) == 2 else {"before": None, "after": None}


def _own(query: str, engine: str) -> str:
    """The statement that locks, where a client sent several in one text: the last that names a table."""
    parts = [part.strip() for part in query.split(";") if part.strip()]
    writing = [
        part for part in parts if re.match(r"(?:update|delete|insert|merge|select|lock|with)\b", part, re.IGNORECASE)
    ]
    naming = [part for part in writing if _tables([part], engine)]
    return naming[-1] if naming else query


def _report(one: Deadlock) -> str:
    """The report in one text, as the server's own but without values."""
    waits = [f"Process {p.id} waits for {p.waits_for or 'a lock'}{f' on {p.on}' if p.on else ''}"
             f"{f'; blocked by process {p.blocked_by}' if p.blocked_by else ''}." for p in one.parties]  # fmt: skip
    ran = [f"Process {p.id}: {p.query}" for p in one.parties if p.query]
    return "\n".join([*waits, *ran, *([f"Rolled back: {one.victim}"] if one.victim else [])])


def caught(looks: Sequence[Sequence[Row]]) -> list[Row]:
    """The circles that were seen, by the shapes of two of their statements."""
    found: dict[tuple[str, str], Row] = {}
    for row in (row for look in looks for row in look):
        one, other = sorted(statements.normalised(str(row[name]), "postgres") for name in ("first", "second"))
        tables = _tables([one, other])
        kept = found.setdefault((one, other), {"seen": 0, "age": None, "victim": None, "on_index": None})
        kept |= {"first": one, "second": other, "table": next(iter(tables), None), "tables": ", ".join(tables) or None}
        kept |= order(tables)
        kept["seen"] += 1
        kept["parties"] = max(int(kept.get("parties") or 2), int(row.get("parties") or 2))
    return list(found.values())


def told(status: str) -> list[Row]:
    """The last deadlock of `SHOW ENGINE INNODB STATUS`; none when there was none, or when it is not in the text."""
    section = SECTION.search(status)
    if section is None:
        return []
    text = section[1]
    said = [_statement(match[2]) for match in TRANSACTION.finditer(text)][:2]
    locked = list(dict.fromkeys(LOCKED.findall(text)))
    tables = list(dict.fromkeys(f"{schema}.{table}" for _, schema, table in locked))
    if not tables:
        return []
    first, second = [*said, None, None][:2]
    victim = VICTIM.search(text)
    modes: list[Any] = [f"{mode} ({kind})" if kind else mode for mode, kind in WAITED.findall(text)]
    pids: list[Any] = re.findall(r"(?:MySQL|MariaDB) thread id (\d+)", text)
    wants_first, wants_second = [*modes, None, None][:2]
    pid_first, pid_second = [*pids, None, None][:2]
    return [
        {
            "table": tables[0],
            "tables": ", ".join(tables),
            "on_index": ", ".join(dict.fromkeys(index for index, _, _ in locked)),
            "first": first,
            "second": second,
            "victim": (first, second)[int(victim[1]) - 1] if victim and victim[1] in "12" else None,
            "seen": 1,
            "age": _age(status, text),
            "wants_first": wants_first,
            "wants_second": wants_second,
            "pid_first": pid_first,
            "pid_second": pid_second,
            "parties": len(said),
            **order(tables),
        }
    ]


def _age(status: str, section: str) -> float | None:
    """Seconds from the deadlock to the report: both open with the server's own local time."""
    at, now = (re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text) for text in (section, status))
    if at is None or now is None:
        return None
    apart = datetime.fromisoformat(now[0]) - datetime.fromisoformat(at[0])
    return max(0.0, apart.total_seconds())


def _statement(block: str) -> str | None:
    """The statement at the end of what is said of a transaction."""
    lines = [line for line in block.splitlines() if line.strip() and not NOISE.match(line)]
    return statements.normalised("\n".join(lines), "mysql") if lines else None


def _tables(texts: Sequence[str], engine: str = "postgres") -> list[str]:
    family = "postgres" if engine == "postgres" else "mysql"
    return list(dict.fromkeys(one.name for text in texts for one in statements.asks(text, family).tables))
