"""Processes of the server that died, and the recoveries that followed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import clusters, said
from dbmedic.core.values import Row
from dbmedic.kit.serverlog.entry import Entry

SIGNAL = re.compile(
    r"^(?P<what>.*?) \(PID \d+\) was terminated by (?:signal|exception) (?P<signal>\w+)|got signal (?P<got>\d+)"
)
RECOVERED = re.compile(
    r"database system was (?:interrupted|not properly shut down)|automatic recovery in progress|crash recovery|"
    r"was not shutdown normally|all server processes terminated"
)
ASSERTED = re.compile(r"[Aa]ssertion failure|intentionally generate a memory trap")


async def rows(context: Context) -> list[Row]:
    """A row for each crash: what died of which signal, and what it was running."""
    found = await said(context)
    told = found.those(lambda one: one.severity == "panic" or bool(_tells(one)))
    return [_row(one, found.source) for one in clusters(told)][-5:]


def _tells(one: Entry) -> re.Match[str] | None:
    return SIGNAL.search(one.message) or RECOVERED.search(one.message) or ASSERTED.search(one.message)


def _row(entries: Sequence[Entry], source: str) -> Row:
    died = next((one for one in entries if SIGNAL.search(one.message)), None)
    panic = next((one for one in entries if one.severity == "panic" or ASSERTED.search(one.message)), None)
    match = SIGNAL.search(died.message) if died is not None else None
    told = died or panic or entries[0]
    running = re.search(r"was running: (.*)", told.detail)
    signal = (match["signal"] or match["got"]) if match is not None else None
    return {
        "at": told.at,
        "process": (match["what"] if match is not None else None) or "server",
        "signal": signal,
        "said": told.message[:300],
        "query": running[1] if running else None,
        "recovered": sum(1 for one in entries if RECOVERED.search(one.message)),
        "source": source,
    }
