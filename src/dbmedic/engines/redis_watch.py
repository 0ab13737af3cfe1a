"""Table name -> the commands that fill it.  `redis_tables.py` says what the rows mean."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence

import anyio

from dbmedic.core.errors import Denied, StatementFailed
from dbmedic.core.values import Row
from dbmedic.engines import redis_tables as as_rows
from dbmedic.engines.redis_session import NAME, RedisSession
from dbmedic.engines.thishost import loopback

SLOW = 128
"""Entries of the slow log that are read, newest first."""
PINGS, PING_PAUSE_S, PINGS_S = 20, 0.01, 0.5
SCAN_COUNT, SCAN_KEYS = 500, 50_000
"""Keys asked for at once, and looked at in all."""
SCAN_S = 4.0
LARGE = 50_000
"""Bytes from which the elements of a key are counted."""
SHOWN, KEPT = 500, 5000
"""Largest keys that become rows, and that are remembered meanwhile."""
_SECTIONS = {
    "keyspace": as_rows.keyspace,
    "commandstats": as_rows.commandstats,
    "errorstats": as_rows.errorstats,
    "latencystats": as_rows.latencystats,
}


async def fetched(table: str, session: RedisSession, until: float) -> list[Row]:
    """The rows of a table, looked for no longer than `until` on the monotonic clock.  Raises as `RedisSession.ask`."""
    if table in _SECTIONS:
        return _SECTIONS[table](str((await session.ask(("INFO", table)))[0]))
    match table:
        case "info":
            return as_rows.info(str((await session.ask(("INFO",)))[0]))
        case "replicas":
            return as_rows.replicas(str((await session.ask(("INFO", "replication")))[0]))
        case "config":
            return as_rows.config(await session.ask(*(("CONFIG", "GET", name) for name in as_rows.CONFIG)))
        case "latency_events":
            return as_rows.latency_events((await session.ask(("LATENCY", "LATEST")))[0])
        case "slowlog":
            return as_rows.slowlog((await session.ask(("SLOWLOG", "GET", str(SLOW))))[0])
        case "clients":
            return as_rows.clients(str((await session.ask(("CLIENT", "LIST")))[0]), NAME)
        case "acl_users":
            return as_rows.acl_users((await session.ask(("ACL", "LIST")))[0])
        case "cluster":
            return await _cluster(session)
        case "access":
            place = session.place
            tls, near = int(place.encrypted), int(loopback(place.host))
            account = place.username or "default"
            open_ = int(await session.unasked())
            return [{"account": account, "open": open_, "tls": tls, "host": place.host, "loopback": near}]
        case "pings":
            return await _pings(session, min(until, time.monotonic() + PINGS_S))
        case "server":
            seconds, micros = (await session.ask(("TIME",)))[0]
            return [{"now": int(seconds) + int(micros) / 1e6}]
        case _:
            return await _scanned(session, min(until, time.monotonic() + SCAN_S))


async def _cluster(session: RedisSession) -> list[Row]:
    """One row, none where the server is no node of a cluster."""
    try:
        return as_rows.cluster(str((await session.ask(("CLUSTER", "INFO")))[0]))
    except StatementFailed:
        return []


async def _pings(session: RedisSession, until: float) -> list[Row]:
    """Round trips of the cheapest command: what every client waits at least."""
    found: list[Row] = []
    for number in range(PINGS):
        start = time.monotonic()
        await session.ask(("PING",))
        found.append({"number": number, "took": time.monotonic() - start})
        if time.monotonic() > until:
            break
        await anyio.sleep(PING_PAUSE_S)
    return found


async def _scanned(session: RedisSession, until: float) -> list[Row]:
    """The largest of the keys that were looked at, largest first; each row says how many those were."""
    # A scan that a slow key keeps waiting may never come to it, so what the slow log names is looked at first.
    total, slow = await _slow_keys(session)
    sizes, cursor, looked = await _sizes(session, slow), "0", 0
    while looked < SCAN_KEYS and time.monotonic() < until:
        cursor, names = (await session.ask(("SCAN", cursor, "COUNT", str(SCAN_COUNT))))[0]
        sizes |= await _sizes(session, names)
        looked += len(names)
        if len(sizes) > KEPT:
            sizes = dict(heapq.nlargest(SHOWN, sizes.items(), key=lambda item: item[1]))
        if str(cursor) == "0":
            break
    largest = sorted(sizes, key=lambda name: -sizes[name])[:SHOWN]
    types = await session.ask(*(("TYPE", name) for name in largest))
    scanned = min(max(looked, len(sizes)), total)
    rows: list[Row] = [
        {"key": name, "type": str(kind), "bytes": sizes[name], "scanned": scanned, "total": total}
        for name, kind in zip(largest, types, strict=True)
    ]
    counted = [row for row in rows if row["bytes"] >= LARGE and row["type"] in as_rows.ELEMENTS]
    words = [(as_rows.ELEMENTS[row["type"]], row["key"]) for row in counted]
    told = await session.ask(*words, *(("TTL", row["key"]) for row in counted))
    for row, count, ttl in zip(counted, told[: len(counted)], told[len(counted) :], strict=True):
        row |= {"elements": None if row["type"] == "string" else int(count), "ttl": int(ttl) if int(ttl) >= 0 else None}
    return list(_shortened(rows))


async def _slow_keys(session: RedisSession) -> tuple[int, list[str]]:
    """How many keys there are, and those of the slow commands: none where the account may not read the slow log."""
    try:
        total, slow = await session.ask(("DBSIZE",), ("SLOWLOG", "GET", str(SLOW)))
    except (Denied, StatementFailed):
        return int((await session.ask(("DBSIZE",)))[0]), []
    return int(total), as_rows.slow_keys(slow)


async def _sizes(session: RedisSession, names: Sequence[str]) -> dict[str, int]:
    """Key -> bytes, of those that are still there."""
    used = await session.ask(*(("MEMORY", "USAGE", name, "SAMPLES", "5") for name in names))
    return {name: int(size) for name, size in zip(names, used, strict=True) if size is not None}


def _shortened(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        long = len(row["key"]) > as_rows.MAX_KEY
        yield row | {"key": row["key"][: as_rows.MAX_KEY] + ("…" if long else ""), "shortened": int(long)}
