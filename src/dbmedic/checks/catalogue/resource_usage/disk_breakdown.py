"""Where the bytes lie: databases, the largest tables, WAL or binary logs, temporary files; and what grew."""

from __future__ import annotations

import contextlib
from typing import Any

import anyio

from dbmedic.checks import shortlist
from dbmedic.checks.context import Context
from dbmedic.core.errors import Denied, LockBlocked, OutsideFailed, StatementFailed, Timeout
from dbmedic.core.values import Row

REAL = ("postgres", "sqlite")
"""Engines that tell the sizes of files as they are; the others estimate, and count anew now and then."""
PARTS = ("databases", "tables", "wal", "binlog", "temp")


async def rows(context: Context) -> list[Row]:
    """kind, name, size, rows, share of all that was counted, and bytes `grown` over the window where they did.

    Tables are parts of databases, so they do not count towards the whole.  Parts that the account may not list are
    named in `context.better`; when none can be listed, the failure of the first is raised.
    """
    before, _ = await _look(context)
    await context.wait()
    context.lanes.again(shortlist.AGAIN)
    after, failures = await _look(context)
    if not after and failures:
        raise failures[0]
    if failures:
        context.better = "; ".join(dict.fromkeys(str(failure) for failure in failures))
        context.better_grant = next((grant for one in failures if (grant := getattr(one, "grant", None))), None)
    else:
        with contextlib.suppress(Denied):
            context.better = await shortlist.unlisted(context) or context.better
    whole = sum(row["size"] for key, row in after.items() if key[0] != "table") or 1
    for key, row in after.items():
        row["grown"] = row["size"] - before[key]["size"] if key in before else None
        row["share"] = row["size"] / whole
        row["real"] = int(row.get("real", 0) and key in before and before[key].get("real", 0))
    return sorted(after.values(), key=lambda row: (row["kind"] == "table", -row["size"]))


async def _look(context: Context) -> tuple[dict[tuple[Any, ...], Row], list[OutsideFailed]]:
    found: dict[tuple[Any, ...], Row] = {}
    failures: list[OutsideFailed] = []
    for part in PARTS:
        if context.source is None or part not in context.source.queries:
            continue
        try:
            seen = await _part(context, part)
        except OutsideFailed as failure:
            failures.append(failure)
            continue
        for row in seen:
            found[row["kind"], row.get("database"), row["name"]] = row
    if context.facts.engine == "sqlite" and (ahead := await _ahead(context)) is not None:
        found["log", None, "-wal"] = ahead
    return found, failures


async def _ahead(context: Context) -> Row | None:
    """The write-ahead log beside an SQLite file, where there is one."""
    path = anyio.Path(context.facts.data_directory or "") / f"{context.facts.database}-wal"
    try:
        size = (await path.stat()).st_size
    except OSError:
        return None
    return {"kind": "log", "name": "-wal", "size": size, "rows": None, "real": 1} if size else None


async def _part(context: Context, part: str) -> list[Row]:
    """The rows of one part; where the exact figures are locked or denied, those of its `_else` query."""
    other = context.query(f"{part}_else") if context.source and f"{part}_else" in context.source.queries else None
    if part == "tables" and context.facts.engine == "postgres":
        return await context.everywhere(context.query(part), instead=other)
    if part == "binlog":
        return await _binlog(context)
    try:
        found = await context.rows(context.query(part))
        return [row | {"real": int(context.facts.engine in REAL)} for row in found]
    except (Denied, LockBlocked, Timeout):
        if other is None:
            raise
        return await context.rows(other)


async def _binlog(context: Context) -> list[Row]:
    """The binary logs as one row; none where there are none."""
    try:
        files = await context.rows(context.query("binlog"))
    except StatementFailed:
        return []
    size = sum(int(file["File_size"]) for file in files)
    return [{"kind": "binlog", "name": "binary logs", "size": size, "rows": None}]
