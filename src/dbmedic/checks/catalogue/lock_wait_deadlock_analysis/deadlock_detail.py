"""Who deadlocked with whom: InnoDB tells its last deadlock, PostgreSQL is caught in the act.

InnoDB's report is read for tables, indexes and statements; its dumps of records hold values and are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from dbmedic.checks.context import Context
from dbmedic.core.values import Row
from dbmedic.kit import statements

SECTION = re.compile(r"-{4,}\nLATEST DETECTED DEADLOCK\n-{4,}\n(.*?)(?=\n-{4,}\n[A-Z /]+\n-{4,}\n|\Z)", re.DOTALL)
LOCKED = re.compile(r"index `?([^`\s]+)`? of table `([^`]+)`\.`([^`]+)`")
TRANSACTION = re.compile(r"\*\*\* (?:\((\d)\) )?TRANSACTION:?\n(.*?)(?=\n\*\*\*|\Z)", re.DOTALL)
VICTIM = re.compile(r"WE ROLL BACK TRANSACTION \((\d)\)")
NOISE = re.compile(r"^(TRANSACTION|mysql tables|LOCK WAIT|\d+ lock struct|(MariaDB|MySQL) thread id|ROLLING BACK)")


async def rows(context: Context) -> list[Row]:
    """At most one row per pair of statements."""
    if context.facts.engine == "postgres":
        return caught(await context.looks(context.query("cycle")))
    found = await context.rows(context.query("status"))
    return told(str(found[0]["Status"]) if found else "")


def caught(looks: Sequence[Sequence[Row]]) -> list[Row]:
    """The cycles of two that were seen, by the shapes of their statements."""
    found: dict[tuple[str, str], Row] = {}
    for row in (row for look in looks for row in look):
        one, other = sorted(statements.normalised(str(row[name]), "postgres") for name in ("first", "second"))
        tables = _tables([one, other])
        kept = found.setdefault((one, other), {"seen": 0, "age": None, "victim": None, "on_index": None})
        kept |= {"first": one, "second": other, "table": next(iter(tables), None), "tables": ", ".join(tables) or None}
        kept["seen"] += 1
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


def _tables(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(one.name for text in texts for one in statements.asks(text, "postgres").tables))
