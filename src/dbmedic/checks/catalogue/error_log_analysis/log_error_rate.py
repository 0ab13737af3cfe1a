"""The errors that the server reported, by kind, and whether there are more than before."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import HOUR, Said, grouped, most, said, usual
from dbmedic.core.values import Row
from dbmedic.kit.serverlog.entry import Entry

QUIET = ("57P01", "57P03", "57014:autovacuum")
"""Ended by an administrator, starting up: no fault of an application."""
SPAN_S = 300
"""Rates are of the busiest five minutes, so that one burst of a second is none."""


async def rows(context: Context) -> list[Row]:
    """A row per kind of error, the most frequent first; `before` is the usual rate where the log goes back enough."""
    found = await said(context, HOUR)
    old = [one for one in found.read.entries if one.at < found.span.start and counts(one)]
    known = (found.span.start - found.read.start).total_seconds() >= HOUR.total_seconds()
    made = []
    for key, entries in grouped(filter(counts, found.entries), _key).items():
        earlier = [one.at for one in old if _key(one) == key]
        usually, spread = _usual(earlier, found) if known else (None, None)
        made.append(_row(found, entries, usually, spread))
    return [row | {"share": row["seen"] / sum(one["seen"] for one in made)} for row in made]


def counts(one: Entry) -> bool:
    """Whether an entry is an error of somebody's statement or of the server."""
    return (
        one.severity in ("error", "fatal", "panic")
        and one.code not in QUIET
        and not one.message.startswith("canceling autovacuum")
    )


def _key(one: Entry) -> tuple[str, str]:
    return one.code, "" if one.code in ("23505", "40P01", "40001") else one.shape[:120]


def _usual(earlier: Sequence[datetime], found: Said) -> tuple[float, float]:
    """Median and spread (MAD) of the rates a minute before, in pieces of five minutes."""
    pieces = max(1, int((found.span.start - found.read.start) / timedelta(seconds=SPAN_S)))
    counted = [0.0] * pieces
    for at in earlier:
        number = int((at - found.read.start).total_seconds() // SPAN_S)
        if 0 <= number < pieces:
            counted[number] += 60 / SPAN_S
    middle = statistics.median(counted)
    return middle, statistics.median(abs(one - middle) for one in counted)


def _row(found: Said, entries: Sequence[Entry], usually: float | None, spread: float | None) -> Row:
    last = entries[-1]
    rate = most((one.at for one in entries), SPAN_S) * 60 / SPAN_S
    return found.row(entries) | {
        "code": last.code or last.severity.upper(),
        "message": last.message[:200],
        "per_min": rate,
        "before": usually,
        "above": None if usually is None or spread is None else int(rate > usually + 4 * spread),
        "times": None if usually is None else rate / max(usually, 0.2),
        "query": usual(one.statement for one in entries),
        "user": usual(one.user for one in entries),
        "database": usual(one.database for one in entries),
    }
