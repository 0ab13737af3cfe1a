"""Where a server's log is, and its entries: what was registered comes first, then what the server itself says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio.to_thread
import msgspec

from dbmedic.core.errors import OutsideFailed, Unmeasured
from dbmedic.core.ports import Engine
from dbmedic.core.serverlog import LogRead
from dbmedic.core.values import EngineFacts, Instance
from dbmedic.kit.serverlog import Form, Line, form_of, moment_in, read
from dbmedic.kit.serverlog.entry import Entry
from dbmedic.kit.serverlog.postgres import USUAL
from dbmedic.logs import commands, files, postgres
from dbmedic.logs.reach import Blob, stretch

TAG = "log"
"""The tag of an instance that says where its log is: a path, journald:UNIT or docker:NAME."""
MOST_HERE, MOST_THERE = 8 * 1024 * 1024, 4 * 1024 * 1024
"""Bytes that are read of a log at most: of this machine, and through the server."""
ENTRIES = 50_000
TABLE = """/* dbmedic */
select unix_timestamp(LOGGED) as at, THREAD_ID as thread, PRIO as level, ERROR_CODE as code, DATA as text
from performance_schema.error_log
where LOGGED >= from_unixtime(%(start)s) and LOGGED <= from_unixtime(%(end)s) order by LOGGED desc limit 5000"""
OFFSET = """/* dbmedic */
select timestampdiff(second, utc_timestamp(), convert_tz(utc_timestamp(), '+00:00', 'SYSTEM')) as seconds"""


class ServerLogs:
    """The `LogSource` of all engines."""

    async def read(self, instance: Instance, engine: Engine, start: datetime, end: datetime, /) -> LogRead:
        facts = await engine.facts()
        place = instance.tags.get(TAG, "")
        if place:
            return await self._registered(place, engine, facts, start, end)
        match facts.engine:
            case "postgres":
                return await self._postgres(instance, engine, facts, start, end)
            case "mysql":
                return await self._table(instance, engine, facts, start, end)
            case "mariadb" | "redis":
                return await self._file(instance, engine, facts, start, end)
            case _:
                raise Unmeasured("no_log_source", f"{facts.engine} writes no log")

    async def nowhere(self, engine: Engine, /) -> str | None:
        facts = await engine.facts()
        if facts.engine != "postgres" or facts.settings.get("logging_collector") != "off" or not facts.local:
            return None
        if "syslog" in facts.settings.get("log_destination", "") or not facts.data_directory:
            return None
        place = await files.standard_error(facts.data_directory)
        return place if place == "/dev/null" else None

    async def _registered(
        self, place: str, engine: Engine, facts: EngineFacts, start: datetime, end: datetime
    ) -> LogRead:
        kind, _, name = place.partition(":")
        if kind in ("journald", "docker"):
            said = commands.journal if kind == "journald" else commands.docker
            lines = await said(name, start, end, MOST_HERE)
            found = await _entries(lines, form_of(facts.engine, "", _first(lines)), await zone_of(engine, facts), facts)
            return _cut(kind, found, start, end, len(lines) < commands.MOST_LINES, None)
        found_files = await files.beside(place)
        return await _from(found_files, engine, facts, start, end, MOST_HERE)

    async def _postgres(
        self, instance: Instance, engine: Engine, facts: EngineFacts, start: datetime, end: datetime
    ) -> LogRead:
        settings = facts.settings
        if settings.get("logging_collector") == "off":
            where = "syslog" if "syslog" in settings.get("log_destination", "") else "its standard error"
            raise _unknown(instance, f"logging_collector is off: the server writes its log to {where}")
        here = [one for one in await postgres.here(facts) if one.name.endswith(postgres.suffix(facts))]
        if here:
            return await _from(here, engine, facts, start, end, MOST_HERE)
        there = await postgres.there(instance, engine, facts)
        chosen = [one for one in there if one.name.endswith(postgres.suffix(facts))]
        if not chosen:
            raise _unknown(instance, "the server's log folder holds no file")
        return await _from(chosen, engine, facts, start, end, MOST_THERE)

    async def _table(
        self, instance: Instance, engine: Engine, facts: EngineFacts, start: datetime, end: datetime
    ) -> LogRead:
        try:
            rows = await engine.rows(
                TABLE, {"start": start.timestamp(), "end": end.timestamp()}, timeout_s=5, max_rows=5000
            )
        except OutsideFailed as failure:
            if facts.version >= (8, 0, 22) and "performance_schema" in str(failure):
                grant = f"GRANT SELECT ON performance_schema.error_log TO {facts.role}"
                raise Unmeasured("no_log_source", f"{facts.role} may not read the server's log", grant) from None
            return await self._file(instance, engine, facts, start, end)
        lines: list[Line] = []
        for row in reversed(rows):
            at = datetime.fromtimestamp(float(row["at"]), start.tzinfo)
            head, *rest = str(row["text"]).split("\n")
            level = {"Error": "ERROR"}.get(str(row["level"]), row["level"])
            lines.append((at, f"{at.isoformat()} {row['thread']} [{level}] [{row['code']}] [Server] {head}"))
            lines += [(at, line) for line in rest]
        found = await _entries(lines, "mysql", start.tzinfo or UTC, facts)
        return _cut("performance_schema.error_log", found, start, end, len(rows) < 5000, None)

    async def _file(
        self, instance: Instance, engine: Engine, facts: EngineFacts, start: datetime, end: datetime
    ) -> LogRead:
        """The file that the server says it writes, where that is on this machine."""
        name = facts.settings.get("logfile" if facts.engine == "redis" else "log_error", "")
        if not name or name == "stderr":
            raise _unknown(instance, "the server writes its log to its standard error")
        if not facts.local:
            raise _unknown(instance, f"the server writes its log to {name} on another machine")
        path = Path(facts.data_directory or "/", name)
        return await _from(await files.beside(path), engine, facts, start, end, MOST_HERE)


def _unknown(instance: Instance, why: str) -> Unmeasured:
    return Unmeasured(
        "no_log_source",
        f"{why}; say where that is with `dbmedic instance tag {instance.id} log=PATH`, where PATH may also be "
        "journald:UNIT or docker:NAME",
        f"dbmedic instance tag {instance.id} log=PATH  -- in a shell; or log=journald:UNIT, log=docker:NAME",
    )


async def zone_of(engine: Engine, facts: EngineFacts) -> tzinfo:
    """The zone in which a server writes times of its log that do not name one."""
    if facts.engine == "postgres":
        try:
            return ZoneInfo(facts.settings.get("log_timezone", "UTC"))
        except (OSError, ValueError):
            return UTC
    if facts.engine in ("mysql", "mariadb"):
        try:
            (row,) = await engine.rows(OFFSET)
            return timezone(timedelta(seconds=int(row["seconds"])))
        except (OutsideFailed, ValueError, TypeError):
            return UTC
    return datetime.now().astimezone().tzinfo or UTC


async def _from(
    blobs: Sequence[Blob], engine: Engine, facts: EngineFacts, start: datetime, end: datetime, most: int
) -> LogRead:
    """The entries of a stretch out of the files that hold it, the newest of which comes first in `blobs`."""
    zone = await zone_of(engine, facts)
    chosen = files.covering(blobs, start, end)
    found: list[Entry] = []
    whole, left, begin = True, most, start
    for blob in reversed(chosen):  # the newest first: it may take all that may be read
        form = form_of(facts.engine, blob.name)
        piece = await stretch(blob, form, start.astimezone(zone), end.astimezone(zone), left)
        left -= sum(len(line) for _, line in piece.lines)
        whole = whole and piece.whole
        if blob is blobs[-1] and piece.first:  # there is no older file
            moments = (moment_in(line, form, zone) for _, line in piece.lines)
            begin = max(start, next((at for at in moments if at is not None), start))
        found = await _entries(piece.lines, form_of(facts.engine, blob.name, _first(piece.lines)), zone, facts) + found
        if left <= 0:
            break
    if not chosen:
        return _cut("", found, start, end, whole, None)
    newest = chosen[-1]
    cut = _cut(newest.name, found, start, end, whole, newest.size)
    cut = msgspec.structs.replace(cut, start=max(cut.start, begin))
    day, used = files.growth(newest, blobs), await files.used(newest)
    return msgspec.structs.replace(cut, bytes_per_day=day, volume_used=used)


async def _entries(lines: list[Line], form: Form, zone: tzinfo, facts: EngineFacts) -> list[Entry]:
    prefix = facts.settings.get("log_line_prefix", USUAL)
    return await anyio.to_thread.run_sync(lambda: read(lines, form, zone=zone, prefix=prefix))


def _first(lines: Sequence[Line]) -> str:
    return next((line for _, line in lines if line), "")


def _cut(source: str, found: Sequence[Entry], start: datetime, end: datetime, whole: bool, size: int | None) -> LogRead:
    """Those of the stretch, the newest where there are too many."""
    entries = [one for one in found if start <= one.at <= end]
    begin = start if whole or not found else max(start, found[0].at)
    if len(entries) > ENTRIES:
        entries, begin = entries[-ENTRIES:], entries[-ENTRIES].at
    return LogRead(source=source, entries=tuple(entries), start=begin, end=end, size_bytes=size)
