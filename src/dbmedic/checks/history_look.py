"""What the sampler looks at on a server: its counters, its statements, sizes, and how things are named and set.

The statements are in `history.toml`; each look costs milliseconds (cost classes 0 and 1) and uses one connection.
What an account may not see is left out, and only that: what cannot be reached at all is raised.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from sys import intern
from typing import TypeAlias

import msgspec
from msgspec import Struct

from dbmedic.checks import workload
from dbmedic.checks.context import Context
from dbmedic.checks.plan import newest
from dbmedic.core.errors import OutsideFailed, SignInFailed, Unreachable
from dbmedic.core.history import StateKind
from dbmedic.core.values import Row

Key: TypeAlias = tuple[str, str, str]
"""Account, database and query id of a statement, as the server numbers them."""
Numbers: TypeAlias = tuple[float, float, float, float, float]
"""calls, exec_s, rows, read_bytes, temp_bytes."""
MOST_STATEMENTS = 200
MOST_TEXT = 1000
"""Characters of a statement that are kept."""
MOST_OBJECTS = 5000
GAP = "\x1f"
"""Between query id, database and text in the name of a statement."""
SECRET = ("passw", "secret", "credential", "private_key")
VOLATILE = ("gtid_", "timestamp", "innodb_ft_", "last_", "wsrep_last", "pseudo_", "error_count", "warning_count")
"""Beginnings of variables of MySQL that change by themselves."""


class Sources(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `history.toml` says of one engine."""

    counters: tuple[str, ...] = ()
    databases: int = 0
    vitals: dict[str, str] = {}
    sizes: dict[str, dict[str, str]] = {}
    each: dict[str, dict[str, str]] = {}
    few: dict[str, dict[str, str]] = {}
    settings: dict[str, str] = {}
    server: dict[str, str] = {}
    objects: dict[str, str] = {}


class Vitals(Struct, frozen=True):
    """The counters and gauges of a server at one moment."""

    values: dict[str, float]
    reset: str
    """Changes when counters began anew."""


@cache
def _read() -> tuple[int, Mapping[str, Sources]]:
    raw = tomllib.loads((Path(__file__).parent / "history.toml").read_text("utf-8"))
    few = int(raw.pop("few"))
    raw["mariadb"] = {**raw["mysql"], **raw["mariadb"]}
    return few, {engine: msgspec.convert(block, Sources) for engine, block in raw.items()}


def sources(engine: str) -> Sources:
    """Nothing for an engine that the file does not know."""
    return _read()[1].get(engine) or Sources()


async def vitals(context: Context) -> Vitals | None:
    """None for an engine that has no counters."""
    text = newest(sources(context.facts.engine).vitals, context.facts.version)
    if text is None:
        return None
    row = (await context.rows(text))[0]
    reset = str(row.pop("reset", ""))
    return Vitals({name: float(value) for name, value in row.items() if value is not None}, reset)


async def machine(context: Context) -> dict[str, float]:
    """Share of the processors and of the memory in use, where a source sees the host."""
    found = {}
    for what, name in (("cpu", "cpu"), ("memory", "memory")):
        rows = await _metric(context, what)
        if rows and rows[0].get("ratio") is not None:
            found[name] = float(rows[0]["ratio"])
    return found


async def sizes(context: Context) -> dict[str, float]:
    """Bytes of volumes, databases, tables, logs and slots; positions of sequences; ages of transaction ids."""
    found: dict[str, float] = {}
    few, known = _read()[0], sources(context.facts.engine)
    parts = dict(known.sizes)
    if context.facts.relation_count <= few:
        parts |= known.few
    for queries in parts.values():
        for row in await _tolerant(context, queries):
            _sized(found, row)
    for name in context.facts.databases[: known.databases]:
        for queries in known.each.values():
            for row in await _tolerant(context, queries, name):
                _sized(found, row)
    for row in await _metric(context, "disk"):
        if row.get("used") is not None and row.get("total"):
            found[f"used:{row['volume']}"] = float(row["used"])
            # What a server may still write is less than what is not used, where some is kept for the superuser.
            free = row.get("free")
            found[f"total:{row['volume']}"] = float(row["total"] if free is None else row["used"] + free)
    return found


async def state(context: Context, kind: StateKind) -> dict[str, str] | None:
    """Names and values; None where they cannot be seen or are too many."""
    known, facts = sources(context.facts.engine), context.facts
    queries = {"settings": known.settings, "server": known.server, "objects": known.objects}[kind]
    if kind == "objects" and facts.relation_count > _read()[0]:
        return None
    rows = await _tolerant(context, queries, most=MOST_OBJECTS)
    if kind == "objects" and len(rows) >= MOST_OBJECTS:
        return None
    if len(rows) == 1 and "name" not in rows[0]:  # a table with a column for each
        rows = [{"name": name.replace("_", "-"), "value": value} for name, value in rows[0].items()]
    found = dict(_said(row) for row in rows)
    return {name: value for name, value in found.items() if kind != "settings" or _may_be_kept(name)} or None


async def statements(context: Context) -> dict[Key, Numbers]:
    """Counters of the statements by their key.  Raises as `workload.counters`."""
    return {
        (intern(row["userid"]), intern(row["dbid"]), str(row["queryid"])): (
            float(row["calls"] or 0),
            float(row["exec_s"] or 0),
            float(row["rows"] or 0),
            float(row.get("read_bytes") or 0),
            float(row.get("temp_bytes") or 0),
        )
        for row in await workload.counters(context)
    }


async def named(context: Context, keys: Iterable[Key]) -> dict[Key, str]:
    """The names of statements; those that are not the application's are not there."""
    ids = list(dict.fromkeys(str(key[2]) for key in keys))
    texts = await workload.texts(context, ids)
    return {
        (str(key[0]), str(key[1]), str(key[2])): GAP.join(
            (str(key[2]), str(row["database"] or ""), " ".join(row["query"].split())[:MOST_TEXT])
        )
        for key, row in texts.items()
    }


def rates(before: Vitals, after: Vitals, seconds: float, counters: tuple[str, ...]) -> dict[str, float] | None:
    """The gauges, and the counters a second; None when they began anew in between."""
    if before.reset != after.reset or seconds <= 0:
        return None
    found = dict(after.values)
    for name in counters:
        if name not in after.values:
            continue
        grown = after.values[name] - before.values.get(name, float("inf"))
        if grown < 0:
            if name in before.values:
                return None
            del found[name]
            continue
        found[name] = grown / seconds
    return found


def gauges(seen: Vitals, counters: tuple[str, ...]) -> dict[str, float]:
    """What a single look tells."""
    return {name: value for name, value in seen.values.items() if name not in counters}


def grown(
    before: Mapping[Key, Numbers], after: Mapping[Key, Numbers], most: int = MOST_STATEMENTS
) -> dict[Key, Numbers]:
    """What the counters grew by since the look before, of the statements that took most time.

    A statement that was not there counts from zero, one whose counters fell is left out.
    """
    nothing = (0.0, 0.0, 0.0, 0.0, 0.0)
    found: dict[Key, Numbers] = {}
    for key, numbers in after.items():
        base = before.get(key, nothing)
        if base[0] != numbers[0]:
            calls, exec_s, rows, reads, temp = (now - then for now, then in zip(numbers, base, strict=True))
            if calls > 0 and min(exec_s, rows, reads, temp) >= 0:
                found[key] = (calls, exec_s, rows, reads, temp)
    return dict(sorted(found.items(), key=lambda item: -item[1][1])[:most])


async def _tolerant(
    context: Context, queries: Mapping[str, str], database: str | None = None, *, most: int = 1000
) -> list[Row]:
    """The rows; none when the server refuses them."""
    text = newest(queries, context.facts.version)
    if text is None:
        return []
    try:
        return await context.rows(text, database=database, max_rows=most)
    except (Unreachable, SignInFailed):
        raise
    except OutsideFailed:
        return []


async def _metric(context: Context, what: str) -> list[Row]:
    target = context.lanes.target
    try:
        return await target.metrics.rows(what, target.instance, target.engine)
    except (Unreachable, SignInFailed):
        raise
    except OutsideFailed:
        return []


def _sized(found: dict[str, float], row: Row) -> None:
    """Adds a row of name and size; the files of a binary log are one thing."""
    if "File_size" in row:
        found["binlog"] = found.get("binlog", 0.0) + float(row["File_size"] or 0)
    elif row["size"] is not None:
        found[str(row["name"])] = float(row["size"])


def _said(row: Row) -> tuple[str, str]:
    if "Variable_name" in row:
        return str(row["Variable_name"]), str(row["Value"])
    return str(row["name"]), str(row["value"] if row["value"] is not None else "")


def _may_be_kept(name: str) -> bool:
    lower = name.lower()
    return not any(word in lower for word in SECRET) and not lower.startswith(VOLATILE)
