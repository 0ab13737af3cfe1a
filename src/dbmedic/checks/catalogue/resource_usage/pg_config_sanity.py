"""Settings that contradict each other or the host, or of which the harm is seen while it is measured.

A setting at its default needs evidence.  What only the kind of disk could judge is not judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from dbmedic.checks.context import Context
from dbmedic.core.values import Row

KIB, PAGE = 1024, 8192
SPILLED = 2**20
"""Bytes of temporary files a second that are worth a larger work_mem."""
WAL_LEAST = 64 * 2**20
"""Bytes of WAL below which its rate says nothing."""
LARGE = 10 * 2**30
SMALL_MAINTENANCE = 64 * 2**20
FORCED = 0.5
"""Share of checkpoint_timeout within which WAL at the present rate forces a checkpoint."""


async def rows(context: Context) -> list[Row]:
    """A row per setting that does not fit: setting, value, evidence and its amount or number, a wanted value."""
    said = {str(row["name"]): row for row in await context.rows(context.query("settings"))}
    largest = (await context.rows(context.query("largest")))[0]["size"] or 0
    grown = (await context.delta(context.query("written"), key=("one",), counters=("temp", "files", "wal")))[0]
    found = [*_contradictions(said, await context.lanes.cores()), *_harm(said, grown, largest, context.window or 1)]
    return [{**said[str(row["setting"])], **row, "applies": said[str(row["setting"])]["applies"]} for row in found]


def _contradictions(said: Mapping[str, Row], cores: float | None) -> list[Row]:
    found: list[Row] = []
    cache, buffers = said["effective_cache_size"]["number"] * PAGE, said["shared_buffers"]["number"] * PAGE
    if cache < buffers:
        wanted = f"{math.ceil(3 * buffers / 2**20)}MB"
        found.append({"setting": "effective_cache_size", "evidence": "below shared_buffers", "wanted": wanted})
    parallel, workers = said["max_parallel_workers"], said["max_worker_processes"]
    if cores and parallel["source"] != "default" and parallel["number"] > max(cores, 8):
        limit = {"evidence": "more than processors", "number": cores, "wanted": str(int(cores))}
        found.append({"setting": "max_parallel_workers", **limit})
    elif workers["number"] < parallel["number"]:
        wanted = str(int(parallel["number"]))
        found.append({"setting": "max_worker_processes", "evidence": "fewer than parallel workers", "wanted": wanted})
    return found


def _harm(said: Mapping[str, Row], grown: Row, largest: float, window: float) -> list[Row]:
    found: list[Row] = []
    work = said["work_mem"]["number"] * KIB
    if grown["temp"] >= SPILLED * max(window, 4) and work <= 16 * 2**20:
        per_file = grown["temp"] / max(grown["files"], 1)
        wanted = f"{min(64, max(8, math.ceil(per_file / 2**20)))}MB"
        found.append({"setting": "work_mem", "evidence": "spills", "amount": grown["temp"], "wanted": wanted})
    own = said["autovacuum_work_mem"]["number"]
    maintenance = said["maintenance_work_mem"]["number"] * KIB
    if largest > LARGE and max(maintenance, own * KIB) <= SMALL_MAINTENANCE:
        found.append(
            {"setting": "maintenance_work_mem", "evidence": "large table", "amount": largest, "wanted": "512MB"}
        )
    limit, timeout = said["max_wal_size"]["number"] * 2**20, said["checkpoint_timeout"]["number"]
    rate = (grown["wal"] or 0) / window
    every = limit / 2 / rate if rate > 0 else math.inf
    if every < FORCED * timeout and (grown["wal"] or 0) >= WAL_LEAST:
        wanted = f"{math.ceil(2 * rate * timeout / 2**30)}GB"
        found.append(
            {"setting": "max_wal_size", "evidence": "forced checkpoints", "number": round(every), "wanted": wanted}
        )
    return found
