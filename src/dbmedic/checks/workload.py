"""The application's statements over the window, by the time they took: counters of the server, or looks at what runs.

Rows of one shape whatever the engine: query, queryid, database, role, calls, exec_s, mean_s, share (of all time in the
window; without that of waiting for locks, where it does not wait itself), busy (sessions running it on average), rows,
examined, blocks (cached or not), read_bytes, temp_bytes, wal_bytes, tmp_disk, no_index, lock_s, waiting (share of
looks in which it waited for a lock), pid and running (of one long execution), chooses (has conditions on its rows),
picks (and gives rows, not sums of them), source, confidence; what a server does not know is None.
`raw` is a statement seen with its values, and `raws` are some such texts, for the planner alone.
After them, marked by `ever`, the statements that took most time since the counters began, as an estimate: a slow page
may not be open just now.  Asked once per run, whichever checks want it.  System statements and our own are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import msgspec
from msgspec import Struct

from dbmedic.checks import sampling
from dbmedic.checks.context import TAG, Context
from dbmedic.checks.digest import shape, tidy
from dbmedic.checks.plan import lacking, newest, server
from dbmedic.core.errors import Denied, OutsideFailed, StatementFailed, Timeout, Unmeasured
from dbmedic.core.values import EngineFacts, Row
from dbmedic.kit import statements as sql

COUNTERS = (
    "calls",
    "exec_s",
    "rows",
    "examined",
    "blocks",
    "read_bytes",
    "temp_bytes",
    "wal_bytes",
    "tmp_disk",
    "no_index",
    "lock_s",
)
KEY = ("userid", "dbid", "queryid")
HIDDEN = "select count(*) as hidden from {pg_stat_statements}(false) where queryid is null"
TEXTS = 60
"""How many statements have their text fetched."""
EVER, EVER_CALLS = 12, 20
"""How many statements of the whole record are told, and how often they must have run."""
RAWS = 5
"""How many texts of one statement are kept with their values."""
QUIET = 0.05
"""Sessions busy on average below which nothing worth telling ran in the window."""
CONDITIONS = re.compile(r"\bwhere\b", re.IGNORECASE)
SUMS = re.compile(r"\b(count|sum|avg|min|max|group_concat)\s*\(", re.IGNORECASE)
SYSTEM = re.compile(
    r"\b(information_schema|performance_schema|pg_catalog|pg_(stat|ls|control|prepared|replication|sequence)_?\w*"
    r"|pg_(settings|locks|database|roles|class|namespace|index|attribute|constraint|extension|proc|has_role)|set_config|current_setting)\b",
    re.IGNORECASE,
)
"""What only monitoring asks for."""
NOISE = re.compile(
    r"^\s*(set|show|begin|start\s+transaction|reset|discard|deallocate|explain|vacuum|analyze|use|create\s+extension)\b",
    re.IGNORECASE,
)


class Sources(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Statements of `workload.toml` for one engine."""

    source: str
    needs: str
    counters: dict[str, str]
    texts: dict[str, str]
    active: dict[str, str]
    waiting: dict[str, str] = {}
    """`active` that also knows who waits for a row, for an account with access "innodb"."""


class Workload(Struct, frozen=True, kw_only=True):
    """What was seen, and what would show more."""

    rows: list[Row]
    window_s: float
    better: str = ""
    grant: str | None = None
    reason: str = "permission"
    """Why not more was seen: one of the ten."""


def unseen(context: Context) -> tuple[str, str, str | None] | None:
    """Reason, sentence and statement when the rows of this check rest on what was caught running, as nothing counts it.

    Nothing found then means nothing: most statements are too short to be caught.
    """
    seen = context.lanes.known("workload")
    if not isinstance(seen, Workload) or not seen.better or seen.better != context.better:
        return None
    return seen.reason, seen.better, seen.grant


async def statements(context: Context) -> list[Row]:
    """The rows, the most expensive first, for the check of `context`.

    Raises `Unmeasured` where an engine keeps no record of statements.
    """
    seen: Workload = await context.lanes.once("workload", lambda: _workload(context))
    context.window, context.better, context.better_grant = seen.window_s, seen.better, seen.grant
    return seen.rows


@cache
def _sources() -> dict[str, Sources]:
    found = msgspec.toml.decode((Path(__file__).parent / "workload.toml").read_bytes(), type=dict[str, Sources])
    return found | {"mariadb": found["mysql"]}


async def counters(context: Context) -> list[Row]:
    """The counters of all statements since they began, by `KEY`, without texts.

    Raises `Unmeasured` where an engine or this server keeps none, and as `Engine.rows`.
    """
    sources = _sources().get(context.facts.engine)
    if sources is None:
        raise Unmeasured("feature_off", f"{context.facts.engine} keeps no record of its statements")
    need = server(context.facts.engine).access[sources.needs]
    if not need.met(context.facts):
        raise Unmeasured(need.reason, *lacking(need, context.facts))
    return await _counters(context, sources)


async def texts(context: Context, ids: Sequence[str]) -> dict[tuple[Any, ...], Row]:
    """`KEY` -> the statements of the application with these query ids, normalised, as `query` of a `database`."""
    sql_ = newest(_sources()[context.facts.engine].texts, context.facts.version) or ""
    rows = await context.rows(sql_, {"ids": ",".join(ids)})
    return {
        tuple(row[name] for name in KEY): {**row, "query": _plain(str(row["query"]), context.facts)}
        for row in rows
        if not _ours(str(row["query"]), row.get("role"), row.get("database"), context.facts)
    }


def _plain(query: str, facts: EngineFacts) -> str:
    return sql.normalised(query if facts.engine == "postgres" else tidy(query), facts.engine)


async def _workload(context: Context) -> Workload:
    facts = context.facts
    sources = _sources().get(facts.engine)
    if sources is None:
        raise Unmeasured("feature_off", f"{facts.engine} keeps no record of its statements")
    context = Context(context.lanes, 2, ahead=True)
    need = server(facts.engine).access[sources.needs]
    better, grant = "", None
    counted: list[Row] = []
    past: list[Row] = []
    lasting: list[Row] = []
    first: list[Row] | None = None
    if need.met(facts):
        try:
            first = await _counters(context, sources)
        except (Denied, StatementFailed, Timeout) as failure:
            better, grant = str(failure), lacking(need, facts)[1]
    else:
        better, grant = lacking(need, facts)
    start = anyio.current_time()
    active = await _looks(context, sources)
    window = anyio.current_time() - start
    if first is not None:
        counted, past, lasting = await _counted(context, sources, first, window)
    reason = need.reason
    if first is not None and (hidden := await _hidden(context)):
        activity = server(facts.engine).access["activity"]
        reason, better = activity.reason, f"{hidden} statements of other roles are hidden from {facts.role}"
        grant = lacking(activity, facts)[1]
    rows = _merged(counted, _recorded(_seen(active, facts, window), lasting))
    quiet = sum(row["busy"] for row in rows) < QUIET
    return Workload(
        rows=[*rows, *({**row, "quiet": quiet} for row in past)],
        window_s=window,
        better=better,
        grant=grant,
        reason=reason,
    )


async def _counters(context: Context, sources: Sources) -> list[Row]:
    return await context.rows(newest(sources.counters, context.facts.version) or "", max_rows=10_000)


async def _hidden(context: Context) -> int:
    """How many counted statements of others we may not tell apart; on MySQL it is all or none."""
    if context.facts.engine != "postgres" or server("postgres").access["activity"].met(context.facts):
        return 0
    return int((await context.rows(HIDDEN))[0]["hidden"])


async def _looks(context: Context, sources: Sources) -> list[list[Row]]:
    facts = context.facts
    knows = bool(sources.waiting) and server(facts.engine).access["innodb"].met(facts)
    try:
        return await context.looks(newest(sources.waiting if knows else sources.active, facts.version) or "")
    except OutsideFailed:
        await context.wait()
        return []


async def _counted(
    context: Context, sources: Sources, first: list[Row], window: float
) -> tuple[list[Row], list[Row], list[Row]]:
    """Statements whose counters grew, those that took most time since the counters began, and those that usually run
    longer than the window, so that their counters stand still while they run; with their texts."""
    second = await _counters(context, sources)
    grown = sampling.delta(first, second, key=KEY, counters=COUNTERS, new="drop" if len(first) >= 10_000 else "zero")
    if grown is None:
        raise Unmeasured("no_history", "statement statistics were reset while they were being measured; ask again")
    busiest = sorted((row for row in grown if row["calls"]), key=lambda row: -float(row["exec_s"]))[:TEXTS]
    ever = sorted((row for row in second if row["calls"] >= EVER_CALLS), key=lambda row: -float(row["exec_s"]))[:EVER]
    long = sorted(
        (row for row in second if row["calls"] and row["exec_s"] >= row["calls"] * window),
        key=lambda row: -float(row["exec_s"]),
    )[:EVER]
    if not busiest and not ever and not long:
        return [], [], []
    ids = ",".join(dict.fromkeys(str(row["queryid"]) for row in (*busiest, *ever, *long)))
    texts = await context.rows(newest(sources.texts, context.facts.version) or "", {"ids": ids})
    text = {tuple(row[name] for name in KEY): row for row in texts}
    total = sum(float(row["exec_s"]) for row in second)
    now = [told for row in busiest if (told := _told(row, text, sources.source, context.facts))]
    seen = {(row["queryid"], row["database"]) for row in now}
    past = [
        {**told, "ever": "yes", "share": told["exec_s"] / total, "confidence": "estimate"}
        for row in ever
        if (told := _told(row, text, sources.source, context.facts)) and (told["queryid"], told["database"]) not in seen
    ]
    lasting = [told for row in long if (told := _told(row, text, sources.source, context.facts))]
    # An execution that ends in the window brings the time from before it, too.
    return [{**row, "busy": min(row["exec_s"] / window, float(row["calls"]))} for row in now], past, lasting


def _told(row: Row, texts: dict[tuple[Any, ...], Row], source: str, facts: EngineFacts) -> Row | None:
    """A row of counters in the shape of the workload; None for a statement that is not the application's."""
    words = texts.get(tuple(row[name] for name in KEY))
    if words is None or _ours(str(words["query"]), words.get("role"), words.get("database"), facts):
        return None
    return {
        **{name: row.get(name) for name in COUNTERS},
        **{name: words[name] for name in ("database", "role")},
        "query": words["query"] if facts.engine == "postgres" else tidy(str(words["query"])),
        **_kind(str(words["query"])),
        "queryid": row["queryid"],
        "mean_s": row["exec_s"] / row["calls"],
        "busy": None,
        "waiting": None,
        "pid": None,
        "running": None,
        "ever": None,
        "source": source,
        "confidence": "measured",
    }


def _kind(query: str) -> Row:
    chooses = CONDITIONS.search(query) is not None
    return {"chooses": chooses, "picks": chooses and SUMS.search(query) is None}


def _seen(looks: Sequence[Sequence[Row]], facts: EngineFacts, window: float) -> list[Row]:
    """Statements that ran when we looked, their time estimated from how often they did."""
    found: dict[tuple[Any, ...], Row] = {}
    hits: Counter[tuple[Any, ...]] = Counter()
    waits: Counter[tuple[Any, ...]] = Counter()
    runs: dict[tuple[Any, ...], list[Row]] = {}
    for look in looks:
        for row in look:
            if _ours(str(row["query"]), row["role"], row["database"], facts):
                continue
            text = sql.normalised(str(row["query"]), facts.engine).strip()
            key = (row["database"], row["role"], text)
            hits[key] += 1
            waits[key] += row["wait"] == "Lock"
            runs.setdefault(key, []).append(row)
            found[key] = {
                **dict.fromkeys(COUNTERS),
                "queryid": None,
                "seen_id": row.get("queryid"),
                "query": text,
                "database": row["database"],
                "role": row["role"],
            }
    return [
        {
            **row,
            "exec_s": window * hits[key] / len(looks),
            "mean_s": None,
            "busy": hits[key] / len(looks),
            "waiting": waits[key] / hits[key],
            **_kind(key[2]),
            "raw": str(runs[key][-1]["query"]),
            "raws": list(dict.fromkeys(str(row["query"]) for row in runs[key]))[:RAWS],
            **_one_run(runs[key], window),
            "ever": None,
            "source": "pg_stat_activity" if facts.engine == "postgres" else "processlist",
            "confidence": "heuristic",
        }
        for key, row in found.items()
    ]


def _one_run(seen: Sequence[Row], window: float) -> Row:
    """The session and its seconds so far, when all that was seen of a statement is one long execution."""
    last = seen[-1]
    alone = len({row["session"] for row in seen}) == 1 and last["running"] is not None and last["running"] >= window
    return {"pid": int(last["session"]), "running": last["running"]} if alone else {"pid": None, "running": None}


def _keys(row: Row) -> list[str]:
    """By what the same statement is known in counters and in the list of sessions: its id, where told, and its text."""
    number = row.get("seen_id") or row["queryid"]
    return [*([f"id {number}"] if number else ()), shape(row["query"])]


def _recorded(seen: list[Row], lasting: list[Row]) -> list[Row]:
    """What looking saw, with what one execution did so far by the record where the window is too short to count one."""
    records = {(row["database"], key): row for row in lasting for key in _keys(row)}
    told = []
    for row in seen:
        found = (records.get((row["database"], key)) for key in _keys(row))
        record = next((one for one in found if one is not None), None)
        told.append(row if record is None else {**row, **_once(record, row["exec_s"])})
    return told


def _once(record: Row, exec_s: float) -> Row:
    """The counters of one execution of those in the record; waiting for locks as much as belongs to the time seen."""
    told = {name: None if record[name] is None else record[name] / record["calls"] for name in COUNTERS}
    lock_s = None if told["lock_s"] is None else told["lock_s"] * min(1.0, exec_s / record["mean_s"])
    known = {name: record[name] for name in ("queryid", "mean_s", "source")}
    return {**told, **known, "calls": 1, "exec_s": exec_s, "lock_s": lock_s, "confidence": "estimate"}


def _merged(counted: list[Row], seen: list[Row]) -> list[Row]:
    """Counted statements, with what looking knows of them; only-seen ones where they ran longer than counters show."""
    shapes = {key: row for row in counted for key in _keys(row)}
    rows = list(counted)
    for row in seen:
        known = next((shapes[key] for key in _keys(row) if key in shapes), None)
        if known is None:
            rows.append(row)
        else:
            known |= {name: row[name] for name in ("waiting", "raw", "raws", "pid", "running")}
            known["exec_s"] = (
                max(known["exec_s"], row["exec_s"]) if row["busy"] > 2 * known["busy"] else known["exec_s"]
            )
    total = sum(row["exec_s"] for row in rows)
    worked = sum(row["exec_s"] for row in rows if not _waits(row))
    for row in rows:  # many who wait make nobody's work cheaper: who works is compared with who works
        whole = total if _waits(row) else worked
        row["share"] = row["exec_s"] / whole if whole else None
    return sorted(rows, key=lambda row: -float(row["exec_s"]))


def _waits(row: Row) -> bool:
    return bool(row["waiting"] is not None and row["waiting"] >= 0.5)


def _ours(query: str, role: str | None, database: str | None, facts: EngineFacts) -> bool:
    if TAG.strip() in query or query.startswith("<insufficient") or NOISE.match(query):
        return True
    if facts.engine == "postgres":
        return role == facts.role and SYSTEM.search(query) is not None
    return SYSTEM.search(query) is not None or database in ("information_schema", "performance_schema", "mysql", "sys")
