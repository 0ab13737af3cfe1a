"""Three replicas over PostgreSQL and Redis, while they are killed and the network is bad: the short form."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaos.playing import play, world
from fix_servers import Database

CLIENTS, ROUNDS, MOST, HARMED = 30, 1, 10, 0.2
SEED = 12
"""Of the six who decide, one refuses."""


@pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning")  # Alibaba's SDK, where a stream breaks
async def test_nothing_is_lost_or_doubled_while_a_replica_dies_and_connections_drop(
    tmp_path: Path, store_url: str, store_database: Database, postgres: Database
) -> None:
    async with world(tmp_path, store_database, postgres, replicas=3, most=MOST, harmed=HARMED, seed=SEED) as here:

        async def harm() -> None:
            while len(here.echo.asked) < CLIENTS // 3:
                await asyncio.sleep(0.02)
            await here.kill(1)
            await asyncio.sleep(0.3)
            await here.redis.kill()
            await here.redis.start()
            await asyncio.sleep(0.3)
            await here.cut(store_database)
            await here.cut(postgres)
            await here.start(1)

        harming = asyncio.create_task(harm())
        tally = await play(here, CLIENTS, ROUNDS, SEED, calm=lambda: asyncio.wait_for(harming, 120))
    print("\n".join(tally.lines()))
    assert tally.wrong == []
    assert len(tally.turns) >= CLIENTS * ROUNDS
    assert tally.counts["turns that ended well"] >= CLIENTS / 3
    assert tally.counts["turns stopped"] > 1
    assert tally.counts["changes made"] > 0
    assert sum(count for name, count in tally.counts.items() if name.startswith("network")) > 1
    assert here.echo.most <= MOST
