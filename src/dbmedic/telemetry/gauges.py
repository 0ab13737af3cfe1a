"""What must be asked for before a scrape: turns that run, are queued or wait for a person, and the sampler's age."""

from __future__ import annotations

import asyncio

import structlog

from dbmedic.assistant.sampler import Sampler
from dbmedic.assistant.turns import Turns
from dbmedic.core.errors import Failure
from dbmedic.core.ports import Store
from dbmedic.telemetry.meters import Meters

READ_S = 1.0
"""A scrape does not wait longer for the store: what it says of a store that hangs is what matters then."""

logger = structlog.get_logger("dbmedic.telemetry")


async def look(meters: Meters, turns: Turns, sampler: Sampler, store: Store) -> None:
    """Sets the gauges; the number of waiting turns stays as it was where the store cannot be read."""
    meters.set("dbmedic_running_turns", turns.running)
    meters.set("dbmedic_queued_turns", turns.queued)
    meters.set("dbmedic_waiting_questions", turns.admission.waiting)
    pressure = turns.admission.pressure
    meters.set("dbmedic_overloaded", pressure is not None and bool(pressure.lacking))
    meters.set("dbmedic_open_connections", pressure.connected if pressure is not None else 0)
    meters.ages(sampler.ages())
    try:
        async with asyncio.timeout(READ_S):
            meters.set("dbmedic_waiting_turns", len(await store.read("waiting_turns")))
    except (Failure, TimeoutError) as failure:
        logger.warning("waiting turns not counted", error=repr(failure))
